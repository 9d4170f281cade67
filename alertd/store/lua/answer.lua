-- Does once what somebody asked for in Slack, however often Slack repeats it.
-- KEYS: 1 mark of the request, 2 stream of the audit, 3 hash that it changes
-- ARGV: 1 life of the mark in s, 2 row of the audit, 3 most rows, 4 field ("" changes nothing), 5 value ("" removes it)
-- Returns "done" or "repeated".
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 'repeated' end
if ARGV[4] ~= '' then
  if ARGV[5] ~= '' then redis.call('HSET', KEYS[3], ARGV[4], ARGV[5]) else redis.call('HDEL', KEYS[3], ARGV[4]) end
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'row', ARGV[2])
return 'done'
