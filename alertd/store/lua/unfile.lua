-- Drops a chunk of the archive.
-- KEYS: 1 lease, 2 chunk, 3 index of chunks, 4 bytes, 5 the day's chunks, 6 the day's index of companies
-- ARGV: 1 token, 2 the chunk's name, 3 day, 4 "1" when it is the day's last
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if redis.call('ZREM', KEYS[3], ARGV[2]) == 1 then
  redis.call('DECRBY', KEYS[4], redis.call('STRLEN', KEYS[2]))
  redis.call('DEL', KEYS[2])
  if ARGV[4] == '1' then
    redis.call('HDEL', KEYS[5], ARGV[3])
    redis.call('DEL', KEYS[6])
  end
end
return 'dropped'
