-- Records a delivery: out of the outbox, into what was sent.
-- KEYS: 1 lease, 2 outbox, 3 sending, 4 counts, 5 stream of what was delivered, 6 counters to bring up to date
-- ARGV: 1 token, 2 record of what has no row, 3 its life in s, 4 timestamp that opens a thread ("" for none), 5 name of the count, 6 life of
--       what a thread's first message says in s, 7 most rows of the stream, then for each alert: its key in the outbox, its
--       alert key, its sent key, its thread key ("" for none), its opening key, what opens the thread, its row ("" for
--       none), its story's field among the counters ("" for none), its value there, its shown key, what that holds
-- Returns how many alerts were recorded now, or "fenced".
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
local recorded = 0
for i = 8, #ARGV, 11 do
  -- a post has buttons, whose presses need its row; an answer has none
  local said = (ARGV[i + 6] ~= '' and ARGV[i + 7] == '') and ARGV[i + 6] or ARGV[2]
  if redis.call('SET', ARGV[i + 2], said, 'NX', 'EX', ARGV[3]) then
    recorded = recorded + 1
    if ARGV[i + 3] ~= '' and ARGV[4] ~= '' then
      if redis.call('SET', ARGV[i + 3], ARGV[4], 'NX', 'EX', ARGV[3]) then
        if ARGV[i + 4] ~= '' then redis.call('SET', ARGV[i + 4], ARGV[i + 5], 'EX', ARGV[6]) end
      end
    end
    if ARGV[i + 6] ~= '' then redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[7], '*', 'row', ARGV[i + 6]) end
    if ARGV[i + 10] ~= '' then redis.call('SET', ARGV[i + 9], ARGV[i + 10], 'EX', ARGV[6]) end
    if ARGV[i + 7] ~= '' then redis.call('HSET', KEYS[6], ARGV[i + 7], ARGV[i + 8]) end
  end
  redis.call('LREM', KEYS[2], 1, ARGV[i])
  redis.call('DEL', ARGV[i + 1])
end
if recorded > 0 then redis.call('HINCRBY', KEYS[4], ARGV[5], recorded) end
redis.call('DEL', KEYS[3])
return recorded
