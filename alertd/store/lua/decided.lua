-- Stores what was decided about an article, once.
-- KEYS: 1 lease, 2 decision, 3 tagged, 4 alerts, 5 parked, 6 story, 7 posts, 8 decided up to, 9 counts, 10 recent,
--       11 open mark, 12 open rows of the archive, 13 timeline, 14 due-set, then the lists by which it is sought, then
--       the states of rules, then for each alert that is held its list
-- ARGV: 1 token, 2 id in the tagged stream, 3 decision, 4 story, 5 life in s, 6 seq, 7 story's id, 8 last seen,
--       9 row for `recent`, 10 number of rows kept, 11 number of lists, 12 number of counts, 13 row of the archive,
--       14 row of the timeline, 15 rows of it that are kept, 16 number of states, 17 number of members of the due-set,
--       18 number of alerts, then names of counts, then value and life in s of each state, then time and name of each
--       member, then keys of all alerts, then what is held, then key and body of each alert that is told now
-- Returns "decided", "done" (decided before), "fenced".
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('XACK', KEYS[3], 'decide', ARGV[2])
  return 'done'
end
local life = tonumber(ARGV[5])
redis.call('SET', KEYS[2], ARGV[3], 'EX', life + 86400)
redis.call('SET', KEYS[6], ARGV[4], 'EX', life)
local lists, counts = 14 + tonumber(ARGV[11]), tonumber(ARGV[12])
local states = lists + tonumber(ARGV[16])
for i = 15, lists do
  redis.call('ZADD', KEYS[i], ARGV[8], ARGV[7])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. string.format('%.3f', tonumber(ARGV[8]) - life))
  redis.call('EXPIRE', KEYS[i], life)
end
redis.call('RPUSH', KEYS[13], ARGV[14])
-- of a story that is told too often the beginning stays
redis.call('LTRIM', KEYS[13], 0, tonumber(ARGV[15]) - 1)
redis.call('EXPIRE', KEYS[13], life)
for i = 19, 18 + counts do redis.call('HINCRBY', KEYS[9], ARGV[i], 1) end
local at = 19 + counts
for i = lists + 1, states do
  redis.call('SET', KEYS[i], ARGV[at], 'EX', ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(ARGV[17]) do
  redis.call('ZADD', KEYS[14], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(ARGV[18]) do
  redis.call('SADD', KEYS[7], ARGV[at])
  at = at + 1
end
for i = states + 1, #KEYS do
  redis.call('RPUSH', KEYS[i], ARGV[at])
  at = at + 1
end
for i = at, #ARGV, 2 do
  redis.call('XADD', KEYS[4], '*', 'key', ARGV[i], 'alert', ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[7], life + 86400)
for _, bundle in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
  local copy = cjson.decode(bundle)
  redis.call('XADD', KEYS[3], '*', 'seq', copy.seq, 'article', copy.article, 'fp', copy.fp, 'tags', '')
end
redis.call('DEL', KEYS[5], KEYS[11])
if tonumber(ARGV[6]) > tonumber(redis.call('GET', KEYS[8]) or '0') then redis.call('SET', KEYS[8], ARGV[6]) end
redis.call('RPUSH', KEYS[12], ARGV[13])
redis.call('LPUSH', KEYS[10], ARGV[9])
redis.call('LTRIM', KEYS[10], 0, tonumber(ARGV[10]) - 1)
redis.call('XACK', KEYS[3], 'decide', ARGV[2])
return 'decided'
