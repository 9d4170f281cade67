-- Records a delivery: out of the outbox, into what was sent.
-- KEYS: 1 lease, 2 outbox, 3 sending, 4 counts
-- ARGV: 1 token, 2 record, 3 its life in s, 4 timestamp that opens a thread ("" for none), 5 name of the count, then for
--       each alert: its key in the outbox, its alert key, its sent key, its thread key ("" for none)
-- Returns how many alerts were recorded now, or "fenced".
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
local recorded = 0
for i = 6, #ARGV, 4 do
  if redis.call('SET', ARGV[i + 2], ARGV[2], 'NX', 'EX', ARGV[3]) then
    recorded = recorded + 1
    if ARGV[i + 3] ~= '' and ARGV[4] ~= '' then
      redis.call('SET', ARGV[i + 3], ARGV[4], 'NX', 'EX', ARGV[3])
    end
  end
  redis.call('LREM', KEYS[2], 1, ARGV[i])
  redis.call('DEL', ARGV[i + 1])
end
if recorded > 0 then redis.call('HINCRBY', KEYS[4], ARGV[5], recorded) end
redis.call('DEL', KEYS[3])
return recorded
