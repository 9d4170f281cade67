-- Stores what was decided about articles, all together, each once.
-- KEYS: 1 lease, 2 tagged, 3 alerts, 4 decided up to, 5 counts, 6 recent, 7 open rows of the archive, 8 due-set
-- ARGV: 1 token, 2 life in s, 3 rows kept in `recent`, 4 rows kept of a timeline, 5 stories kept in a list, 6 prefix of
--       keys, 7 number of counts, then name and increment of each, then for each article sixteen: its id in the tagged
--       stream, its id, seq, story's id, decision, story ("" when a later one of these has it), row for `recent`, row of
--       the archive, row of the timeline, lists by which the story is sought (between unit separators), number of states
--       of rules, of members of the due-set, of alerts, of those that are held, of those that are told now; what is
--       counted for looking back, as JSON (`alertd.watchlist.pulse.Learned`); then name,
--       value and life in s of each state, time and name of each member, keys of all alerts, member and entry of each
--       that is held, key and body of each that is told now
-- Returns {"decided"}, {"fenced"}, or {"unknown", ids in the tagged stream…} when entries were not decided and are not
-- pending here: a server took over that lacks them, and will be given them anew; nothing is stored then, for what was
-- decided of the others was decided beside these.  What was decided before is acknowledged and left as it is; the counts
-- are added when the first of these was not.
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'fenced'} end
local life, prefix = tonumber(ARGV[2]), ARGV[6]
-- what goes to one place goes there once for all of them
local lists, rows, recents, gone, done, stories, lives = {}, {}, {}, {}, {}, {'GT'}, {}
local most_stories
local function learn(learned, story, row, recent)
  redis.call('XADD', prefix .. 'passed', 'MAXLEN', '~', learned.passed, '*', 'row', row, 'recent', recent)
  stories[#stories + 1] = learned.at
  stories[#stories + 1] = story
  most_stories = learned.stories
  local heard = prefix .. 'heard:' .. learned.day
  for _, said in ipairs(learned.companies) do
    local name = prefix .. 'pulse:' .. said[1] .. ':' .. learned.week
    local before = redis.call('HGET', name, learned.hour) or '0,0,0,0'
    local count, up, down, sum = string.match(before, '(%d+),(%d+),(%d+),(%-?%d+)')
    up, down = up + (said[2] > 0 and 1 or 0), down + (said[2] < 0 and 1 or 0)
    redis.call('HSET', name, learned.hour, string.format('%d,%d,%d,%d', count + 1, up, down, sum + said[3]))
    for _, mark in ipairs(said[4]) do redis.call('HSETNX', name, mark[1], mark[2]) end
    redis.call('ZINCRBY', heard, 1, said[1])
    lives[name] = learned.life
    lives[heard] = learned.heard
  end
  for _, rule in ipairs(learned.rules) do
    local days = prefix .. 'rule-days:' .. learned.day
    redis.call('HINCRBY', days, rule[1], rule[2])
    redis.call('EXPIRE', days, learned.life)
    redis.call('HSET', prefix .. 'rule-last', rule[1], rule[3])
  end
end
local first = 8 + 2 * tonumber(ARGV[7])
local unknown, at = {'unknown'}, first
while at <= #ARGV do
  local pending = redis.call('XPENDING', KEYS[2], 'decide', ARGV[at], ARGV[at], 1)
  if #pending == 0 and redis.call('EXISTS', prefix .. 'decision:' .. ARGV[at + 1]) == 0 then
    unknown[#unknown + 1] = ARGV[at]
  end
  local states, due, alerts, held, told = unpack(ARGV, at + 10, at + 14)
  at = at + 16 + 3 * states + 2 * due + alerts + 2 * held + 2 * told
end
if #unknown > 1 then return unknown end
at = first
if redis.call('EXISTS', prefix .. 'decision:' .. ARGV[at + 1]) == 0 then
  for i = 8, at - 1, 2 do redis.call('HINCRBY', KEYS[5], ARGV[i], ARGV[i + 1]) end
end
local up_to = tonumber(redis.call('GET', KEYS[4]) or '0')
while at <= #ARGV do
  local stream_id, ident, seq, story, decision, record, recent, row, told, listed = unpack(ARGV, at, at + 9)
  local learned = ARGV[at + 15]
  local state = at + 16
  local due = state + 3 * tonumber(ARGV[at + 10])
  local key = due + 2 * tonumber(ARGV[at + 11])
  local held = key + tonumber(ARGV[at + 12])
  local alert = held + 2 * tonumber(ARGV[at + 13])
  at = alert + 2 * tonumber(ARGV[at + 14])
  if redis.call('SET', prefix .. 'decision:' .. ident, decision, 'NX', 'EX', life + 86400) then
    if record ~= '' then redis.call('SET', prefix .. 'story:' .. story, record, 'EX', life) end
    for name in string.gmatch(listed, '[^\31]+') do
      local places = lists[name]
      if not places then
        places = {'GT'}
        lists[name] = places
      end
      -- by place in the order: articles that came together share their time
      places[#places + 1] = seq
      places[#places + 1] = story
    end
    local timeline = prefix .. 'told:' .. story
    -- of a story that is told too often the beginning stays
    if redis.call('RPUSH', timeline, told) > tonumber(ARGV[4]) then redis.call('RPOP', timeline) end
    redis.call('EXPIRE', timeline, life)
    for i = state, due - 1, 3 do redis.call('SET', prefix .. 'rule:' .. ARGV[i], ARGV[i + 1], 'EX', ARGV[i + 2]) end
    for i = due, key - 1, 2 do redis.call('ZADD', KEYS[8], ARGV[i], ARGV[i + 1]) end
    local posts = prefix .. 'posts:' .. story
    for i = key, held - 1 do redis.call('SADD', posts, ARGV[i]) end
    for i = held, alert - 1, 2 do redis.call('RPUSH', prefix .. 'held:' .. ARGV[i], ARGV[i + 1]) end
    for i = alert, at - 1, 2 do redis.call('XADD', KEYS[3], '*', 'key', ARGV[i], 'alert', ARGV[i + 1]) end
    if held > key then redis.call('EXPIRE', posts, life + 86400) end
    local parked = prefix .. 'parked:' .. ident
    if redis.call('EXISTS', parked) == 1 then
      for _, bundle in ipairs(redis.call('LRANGE', parked, 0, -1)) do
        local copy = cjson.decode(bundle)
        redis.call('XADD', KEYS[2], '*', 'seq', copy.seq, 'article', copy.article, 'fp', copy.fp, 'tags', '', 'heard', '1')
      end
      gone[#gone + 1] = parked
    end
    gone[#gone + 1] = prefix .. 'open:' .. ident
    if tonumber(seq) > up_to then up_to = tonumber(seq) end
    rows[#rows + 1] = row
    recents[#recents + 1] = recent
    learn(cjson.decode(learned), story, row, recent)
  end
  done[#done + 1] = stream_id
end
for name, places in pairs(lists) do
  local place = prefix .. 'listed:' .. name
  redis.call('ZADD', place, unpack(places))
  -- older ones are never looked at, and a short list takes little memory
  redis.call('ZREMRANGEBYRANK', place, 0, -1 - tonumber(ARGV[5]))
  redis.call('EXPIRE', place, life)
end
for name, seconds in pairs(lives) do redis.call('EXPIRE', name, seconds) end
if #rows > 0 then
  redis.call('ZADD', prefix .. 'stories', unpack(stories))
  redis.call('ZREMRANGEBYRANK', prefix .. 'stories', 0, -1 - most_stories)
  redis.call('DEL', unpack(gone))
  redis.call('RPUSH', KEYS[7], unpack(rows))
  redis.call('LPUSH', KEYS[6], unpack(recents))
end
redis.call('XACK', KEYS[2], 'decide', unpack(done))
redis.call('SET', KEYS[4], string.format('%.0f', up_to))
redis.call('LTRIM', KEYS[6], 0, tonumber(ARGV[3]) - 1)
return {'decided'}
