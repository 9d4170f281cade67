-- Shows that the holder lives, or gives the lease back.
-- KEYS: lease.  ARGV: token, "beat" or "release".  Returns 1, or 0 when the lease is lost.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if ARGV[2] == 'release' then
  redis.call('HSET', KEYS[1], 'owner', '')
else
  redis.call('HINCRBY', KEYS[1], 'beat', 1)
end
return 1
