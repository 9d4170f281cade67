-- Puts an alert into its channel's outbox, unless it waits there or was delivered.
-- KEYS: 1 alerts, 2 alert, 3 sent, 4 outbox, 5 channels, 6 counts
-- ARGV: 1 id in the alerts stream ("" when it comes from elsewhere), 2 alert's key, 3 body, 4 channel, 5 kind
-- Returns "queued" or "done": it waits there, was delivered, or is not known here: a server that took over and lacks the
-- decision will be given it anew.
if ARGV[1] ~= '' and redis.call('XACK', KEYS[1], 'notify', ARGV[1]) == 0 then return 'done' end
local outcome = 'done'
if redis.call('EXISTS', KEYS[2], KEYS[3]) == 0 then
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('RPUSH', KEYS[4], ARGV[2])
  redis.call('SADD', KEYS[5], ARGV[4])
  redis.call('HINCRBY', KEYS[6], 'alerts:' .. ARGV[5], 1)
  outcome = 'queued'
end
return outcome
