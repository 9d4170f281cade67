-- Stores what was decided about an article, once.
-- KEYS: 1 lease, 2 decision, 3 tagged, 4 alerts, 5 parked, 6 story, 7 posts, 8 decided up to, 9 counts, 10 recent,
--       11 open mark, 12 open rows of the archive, 13 timeline, then the lists by which it is sought, then the
--       states of rules
-- ARGV: 1 token, 2 id in the tagged stream, 3 decision, 4 story, 5 life in s, 6 seq, 7 story's id, 8 last seen,
--       9 row for `recent`, 10 number of rows kept, 11 number of lists, 12 number of counts, 13 row of the archive,
--       14 row of the timeline, 15 rows of it that are kept, then names of counts, then value and life in s of each
--       state, then key and body of each alert
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
local lists, counts = 13 + tonumber(ARGV[11]), tonumber(ARGV[12])
for i = 14, lists do
  redis.call('ZADD', KEYS[i], ARGV[8], ARGV[7])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. string.format('%.3f', tonumber(ARGV[8]) - life))
  redis.call('EXPIRE', KEYS[i], life)
end
redis.call('RPUSH', KEYS[13], ARGV[14])
-- of a story that is told too often the beginning stays
redis.call('LTRIM', KEYS[13], 0, tonumber(ARGV[15]) - 1)
redis.call('EXPIRE', KEYS[13], life)
for i = 16, 15 + counts do redis.call('HINCRBY', KEYS[9], ARGV[i], 1) end
local at = 16 + counts
for i = lists + 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[at], 'EX', ARGV[at + 1])
  at = at + 2
end
for i = at, #ARGV, 2 do
  redis.call('SADD', KEYS[7], ARGV[i])
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
