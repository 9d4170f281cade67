-- Tells what time alone brings up, once: a rule that waited for silence, or alerts that were held until now.
-- KEYS: 1 lease, 2 due-set, 3 held alerts ("" of none: the due-set again), 4 channels, 5 counts, then for each alert:
--       alert, sent, outbox
-- ARGV: 1 token, 2 member, 3 its time, 4 its next time ("" for none), 5 number of held alerts that were read, then for
--       each alert: key, body, channel
-- Returns "woken", "done" (the member has another time, or more is held than was read), or "fenced".
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
local at = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not at or math.abs(tonumber(at) - tonumber(ARGV[3])) > 0.001 then return 'done' end
if KEYS[3] ~= KEYS[2] then
  if redis.call('LLEN', KEYS[3]) ~= tonumber(ARGV[5]) then return 'done' end
  redis.call('DEL', KEYS[3])
end
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[2], ARGV[2])
else
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
end
local key = 6
for i = 6, #ARGV, 3 do
  if redis.call('EXISTS', KEYS[key], KEYS[key + 1]) == 0 then
    redis.call('SET', KEYS[key], ARGV[i + 1])
    redis.call('RPUSH', KEYS[key + 2], ARGV[i])
    redis.call('SADD', KEYS[4], ARGV[i + 2])
    redis.call('HINCRBY', KEYS[5], 'alerts:post', 1)
  end
  key = key + 3
end
return 'woken'
