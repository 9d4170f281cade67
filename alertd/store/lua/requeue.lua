-- Puts an alert that was set aside back into its channel's outbox, unless it was told; once.
-- KEYS: 1 dead, 2 alert, 3 sent, 4 outbox, 5 channels, 6 counts
-- ARGV: 1 id of the dead letter, 2 alert's key, 3 body, 4 channel, 5 kind
-- Returns "back", "gone" (another replay or drop came first), "told" (or dropped, or withdrawn: the letter goes), or
-- "waits" (it is in its outbox at this moment: the letter stays, for the sender may be about to set it aside).
if redis.call('EXISTS', KEYS[2]) == 1 then
  return #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) > 0 and 'waits' or 'gone'
end
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 'gone' end
local sent = redis.call('GET', KEYS[3])
if sent and cjson.decode(sent).how ~= 'dead' then return 'told' end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], ARGV[3])
redis.call('RPUSH', KEYS[4], ARGV[2])
redis.call('SADD', KEYS[5], ARGV[4])
-- one that reached its outbox before was counted then
if not sent then redis.call('HINCRBY', KEYS[6], 'alerts:' .. ARGV[5], 1) end
return 'back'
