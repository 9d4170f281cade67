-- Puts a generation of the configuration in force, unless another process that lives has another one.
-- KEYS: generation, processes.  ARGV: 1 generation, 2 this process, 3 seconds after which a process counts as gone,
-- 4 "1" to put it in force whatever others have.  Returns {"ok", ""} or {"differs", their generation}.
if redis.replicate_commands then redis.replicate_commands() end
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[3]))
local current = redis.call('GET', KEYS[1])
local others = redis.call('ZCARD', KEYS[2])
if redis.call('ZSCORE', KEYS[2], ARGV[2]) then others = others - 1 end
if current and current ~= ARGV[1] and others > 0 and ARGV[4] ~= '1' then return {'differs', current} end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[2])
return {'ok', ''}
