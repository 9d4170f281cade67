-- Seals the oldest rows of the archive into a chunk, once.
-- KEYS: 1 lease, 2 open rows, 3 chunk, 4 index of chunks, 5 bytes, 6 the day's chunks, 7 the day's index of companies
-- ARGV: 1 token, 2 the first row, 3 number of rows, 4 chunk, 5 its name, 6 arrival of its last article, 7 day,
--       8 number within the day, then issuers
-- Returns "filed", "changed" (others sealed meanwhile), "fenced".
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] or redis.call('LLEN', KEYS[2]) < tonumber(ARGV[3]) then
  return 'changed'
end
redis.call('SET', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[4], ARGV[6], ARGV[5])
redis.call('INCRBY', KEYS[5], #ARGV[4])
redis.call('HSET', KEYS[6], ARGV[7], ARGV[8])
for i = 9, #ARGV do
  local before = redis.call('HGET', KEYS[7], ARGV[i])
  redis.call('HSET', KEYS[7], ARGV[i], before and (before .. ',' .. ARGV[8]) or ARGV[8])
end
redis.call('LTRIM', KEYS[2], ARGV[3], -1)
return 'filed'
