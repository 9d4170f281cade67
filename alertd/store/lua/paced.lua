-- Takes the next place in a pace (as in claim.lua), if it is free now.
-- KEYS: pace.  ARGV: ms between two, burst.  Returns 0, or the ms to wait.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('HGET', KEYS[1], 'tat') or '0')
if tat < now or tat > now + interval * burst + 1000 then tat = now end
local ahead = tat - now - interval * (burst - 1)
if ahead > 0 then return math.ceil(ahead) end
redis.call('HSET', KEYS[1], 'tat', tat + interval)
return 0
