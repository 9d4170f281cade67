-- Stores what was decided about articles, all together, each once.
-- KEYS: 1 lease, 2 tagged, 3 alerts, 4 decided up to, 5 counts, 6 recent, 7 open rows of the archive, 8 due-set
-- ARGV: 1 token, 2 life in s, 3 rows kept in `recent`, 4 rows kept of a timeline, 5 stories kept in a list, 6 prefix of
--       keys, 7-10 what is kept for looking back (`alertd.watchlist.pulse.LIMITS`), 11 ids in the tagged stream of what
--       had been decided before, between blanks, 12 number of counts, then name and increment of each, then for each
--       article seventeen: its id in the tagged stream, number of its arguments in all,
--       its id, seq, story's id, decision, story ("" when a later one of these has it), row for `recent`, row of the
--       archive, row of the timeline, lists by which the story is sought (between unit separators), "1" for the story's
--       first article in an hour, number of states of rules, of members of the due-set, of alerts, of those that are
--       held, of those that are told now; then name, value and life in s of each state, time and name of each member,
--       keys of all alerts, member and entry of each that is held, key and body of each that is told now; and what is
--       counted for looking back (`alertd.watchlist.pulse.Learned`)
-- Returns {"decided"}, {"fenced"}, or {"unknown", ids in the tagged stream…} when entries were not decided and are not
-- pending here: a server took over that lacks them, and will be given them anew; nothing is stored then, for what was
-- decided of the others was decided beside these.  What was decided before is acknowledged and left as it is; the counts
-- are added when the first of these was not.
if redis.replicate_commands then redis.replicate_commands() end
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'fenced'} end
local life, longest_timeline, prefix = ARGV[2], tonumber(ARGV[4]), ARGV[6]
local longer = string.format('%.0f', life + 86400)
-- of the timeline and the lists of a story: they outlive it by an hour, and need not get their life anew with each article
local lasting = string.format('%.0f', life + 3600)
local most_passed, most_stories, life_of_pulse, life_of_heard = unpack(ARGV, 7, 10)
-- what goes to one place goes there once for all of them
local lists, renewed, rows, recents, gone, done, stories = {}, {}, {}, {}, {}, {}, {'GT'}
-- what is said of an issuer in a week, by the hour: articles, positive, negative, score; and issuers by the day
local pulses, talk = {}, {}
local function hear(issuer, side, score, week, hour, day)
  local name = prefix .. 'pulse:' .. issuer .. ':' .. week
  local hours = pulses[name]
  if not hours then
    hours = {}
    pulses[name] = hours
  end
  local sums = hours[hour]
  if not sums then
    sums = {string.match(call('HGET', name, hour) or '0,0,0,0', '(%d+),(%d+),(%d+),(%-?%d+)')}
    hours[hour] = sums
  end
  sums[1], sums[4] = sums[1] + 1, sums[4] + score
  if side ~= '0' then
    local which = side == '1' and 2 or 3
    sums[which] = sums[which] + 1
  end
  local heard = talk[day]
  if not heard then
    heard = {}
    talk[day] = heard
  end
  heard[issuer] = (heard[issuer] or 0) + 1
  return name
end
local function learn(at, story)
  local came, hour, week, day, companies, rules = unpack(ARGV, at, at + 5)
  at = at + 6
  stories[#stories + 1] = came
  stories[#stories + 1] = story
  for _ = 1, tonumber(companies) do
    local name = hear(ARGV[at], ARGV[at + 1], ARGV[at + 2], week, hour, day)
    local marks = at + 4
    at = marks + 2 * ARGV[at + 3]
    for i = marks, at - 1, 2 do call('HSETNX', name, ARGV[i], ARGV[i + 1]) end
  end
  for i = at, at + 3 * rules - 1, 3 do
    local days = prefix .. 'rule-days:' .. day
    if call('HINCRBY', days, ARGV[i], ARGV[i + 1]) == tonumber(ARGV[i + 1]) then call('EXPIRE', days, life_of_pulse) end
    call('HSET', prefix .. 'rule-last', ARGV[i], ARGV[i + 2])
  end
end
-- where the arguments of each article begin, the ids, and the lists of copies that may wait for them
local starts, parked, at = {}, {}, 13 + 2 * ARGV[12]
while at <= #ARGV do
  starts[#starts + 1] = at
  done[#done + 1] = ARGV[at]
  parked[#parked + 1] = prefix .. 'parked:' .. ARGV[at + 2]
  at = at + ARGV[at + 1]
end
-- as a rule they follow each other in the stream, and are found at once; any other is asked for by itself
local pending = {}
for _, row in ipairs(call('XPENDING', KEYS[2], 'decide', done[1], done[#done], #done)) do pending[row[1]] = true end
local unknown = {'unknown'}
for number, id in ipairs(done) do
  if not pending[id] and #call('XPENDING', KEYS[2], 'decide', id, id, 1) == 0
    and call('EXISTS', prefix .. 'decision:' .. ARGV[starts[number] + 2]) == 0 then
    unknown[#unknown + 1] = id
  end
end
if #unknown > 1 then return unknown end
if call('EXISTS', prefix .. 'decision:' .. ARGV[starts[1] + 2]) == 0 then
  for i = 13, starts[1] - 1, 2 do call('HINCRBY', KEYS[5], ARGV[i], ARGV[i + 1]) end
end
local waited_for = call('EXISTS', unpack(parked)) > 0
local up_to = tonumber(call('GET', KEYS[4]) or '0')
for number, start in ipairs(starts) do
  local ident, seq, story, decision, record, recent, row, told, listed, renew = unpack(ARGV, start + 2, start + 11)
  if call('SET', prefix .. 'decision:' .. ident, decision, 'NX', 'EX', longer) then
    local state = start + 17
    local due = state + 3 * ARGV[start + 12]
    local key = due + 2 * ARGV[start + 13]
    local held = key + ARGV[start + 14]
    local alert = held + 2 * ARGV[start + 15]
    local learned = alert + 2 * ARGV[start + 16]
    if record ~= '' then call('SET', prefix .. 'story:' .. story, record, 'EX', life) end
    for name in string.gmatch(listed, '[^\31]+') do
      local places = lists[name]
      if not places then
        places = {'GT'}
        lists[name] = places
      end
      -- by place in the order: articles that came together share their time
      places[#places + 1] = seq
      places[#places + 1] = story
      if renew == '1' then renewed[name] = true end
    end
    local timeline = prefix .. 'told:' .. story
    -- of a story that is told too often the beginning stays
    local length = call('RPUSH', timeline, told)
    if length > longest_timeline then call('RPOP', timeline) end
    if renew == '1' or length == 1 then call('EXPIRE', timeline, lasting) end
    for i = state, due - 1, 3 do call('SET', prefix .. 'rule:' .. ARGV[i], ARGV[i + 1], 'EX', ARGV[i + 2]) end
    for i = due, key - 1, 2 do call('ZADD', KEYS[8], ARGV[i], ARGV[i + 1]) end
    if held > key then
      local posts = prefix .. 'posts:' .. story
      for i = key, held - 1 do call('SADD', posts, ARGV[i]) end
      call('EXPIRE', posts, longer)
    end
    for i = held, alert - 1, 2 do call('RPUSH', prefix .. 'held:' .. ARGV[i], ARGV[i + 1]) end
    for i = alert, learned - 1, 2 do call('XADD', KEYS[3], '*', 'key', ARGV[i], 'alert', ARGV[i + 1]) end
    if waited_for and call('EXISTS', parked[number]) == 1 then
      for _, bundle in ipairs(call('LRANGE', parked[number], 0, -1)) do
        local copy = cjson.decode(bundle)
        call('XADD', KEYS[2], '*', 'seq', copy.seq, 'article', copy.article, 'fp', copy.fp, 'tags', '', 'heard', '1')
      end
      gone[#gone + 1] = parked[number]
    end
    gone[#gone + 1] = prefix .. 'open:' .. ident
    up_to = math.max(up_to, seq)
    rows[#rows + 1] = row
    recents[#recents + 1] = recent
    call('XADD', prefix .. 'passed', 'MAXLEN', '~', most_passed, '*', 'row', row, 'recent', recent)
    learn(learned, story)
  end
end
for name, places in pairs(lists) do
  local place = prefix .. 'listed:' .. name
  local added = call('ZADD', place, unpack(places))
  -- older ones are never looked at, and a short list takes little memory
  if added > 0 then call('ZREMRANGEBYRANK', place, 0, -1 - tonumber(ARGV[5])) end
  if added > 0 or renewed[name] then call('EXPIRE', place, lasting) end
end
for name, hours in pairs(pulses) do
  local added = 0
  for hour, sums in pairs(hours) do
    added = added + call('HSET', name, hour, string.format('%d,%d,%d,%d', unpack(sums)))
  end
  if added > 0 then call('EXPIRE', name, life_of_pulse) end
end
for day, issuers in pairs(talk) do
  local heard = prefix .. 'heard:' .. day
  for issuer, articles in pairs(issuers) do call('ZINCRBY', heard, articles, issuer) end
  call('EXPIRE', heard, life_of_heard)
end
if #rows > 0 then
  call('ZADD', prefix .. 'stories', unpack(stories))
  call('ZREMRANGEBYRANK', prefix .. 'stories', 0, -1 - most_stories)
  call('DEL', unpack(gone))
  call('RPUSH', KEYS[7], unpack(rows))
  call('LPUSH', KEYS[6], unpack(recents))
end
for id in string.gmatch(ARGV[11], '%S+') do done[#done + 1] = id end
call('XACK', KEYS[2], 'decide', unpack(done))
call('SET', KEYS[4], string.format('%.0f', up_to))
call('LTRIM', KEYS[6], 0, tonumber(ARGV[3]) - 1)
return {'decided'}
