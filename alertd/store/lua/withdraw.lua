-- Takes alerts that are not to be told any more out of where they wait, each once, and records why.
-- What a sender is about to post stays: whether it arrived has to be found out first.
-- KEYS: 1 outbox, or list of held alerts, 2 sending (of held alerts: the list again), 3 counts, 4 stream of what was
--       delivered
-- ARGV: 1 name of the count, 2 life of a record in s, 3 most rows of the stream, then for each alert: its element in
--       the list, its key, its alert key, its sent key, its row
-- Returns the keys of those that were taken out.
local claim = KEYS[2] ~= KEYS[1] and redis.call('GET', KEYS[2]) or ''
local taken = {}
for i = 4, #ARGV, 5 do
  local claimed = claim ~= '' and string.find(claim, '"' .. ARGV[i + 1] .. '"', 1, true)
  if not claimed and redis.call('LREM', KEYS[1], 1, ARGV[i]) == 1 then
    redis.call('DEL', ARGV[i + 2])
    if redis.call('SET', ARGV[i + 3], ARGV[i + 4], 'NX', 'EX', ARGV[2]) then
      redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[3], '*', 'row', ARGV[i + 4])
    end
    table.insert(taken, ARGV[i + 1])
  end
end
if #taken > 0 then redis.call('HINCRBY', KEYS[3], ARGV[1], #taken) end
return taken
