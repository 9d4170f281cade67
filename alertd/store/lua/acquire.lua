-- Takes a lease that is free, ours, forced, or whose beat did not change since we looked.
-- KEYS: lease.  ARGV: owner, beat that was seen ("" for none), "1" to force, by how much the token rises: by chance, for
-- a server that took over may have lost the last tokens, and what follows must not be one of them.
-- Returns {token, "", owner} when taken, {0, beat, who holds it} when another one does.
local held = redis.call('HMGET', KEYS[1], 'owner', 'beat')
local owner, beat = held[1], held[2]
local free = not owner or owner == '' or owner == ARGV[1]
if not free and ARGV[3] ~= '1' and (ARGV[2] == '' or ARGV[2] ~= beat) then
  return {0, beat, owner}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'beat', 1)
return {redis.call('HINCRBY', KEYS[1], 'token', ARGV[4]), '', ARGV[1]}
