-- Takes a claim back that is known not to have been posted.
-- KEYS: lease, sending.  ARGV: token, the claim as it was stored.  Returns 1, or 0 when it is another's by now.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
return 1
