-- Accepts an entry: its seen-mark and its place in the stream, together.
-- KEYS: lease, seen, articles, seq, counts, bands…
-- ARGV: 1 token, 2 entry's key, 3 mark as it was read ("" for none), 4 content, 5 edits, 6 fingerprint,
--       7 fingerprint's life in s, 8 entry, 9 "1" when it may alert, 10 held, 11 held's short form,
--       12 original, 13 earlier form, 14 prefix of fingerprints, 15 prefix of open articles, 16 most articles of a band,
--       then for each band its latest article as it was read ("" for none)
-- Returns {outcome, article's id}: "accepted", "seen" (done before), "conflict" (a band or the mark changed), "fenced".
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'fenced', ''} end
local mark = redis.call('HGET', KEYS[2], ARGV[2]) or ''
if mark ~= ARGV[3] then
  local content, article = string.match(mark, '^([^|]*)|([^|]*)|')
  if content == ARGV[4] then return {'seen', article} end
  return {'conflict', ''}
end
for i = 6, #KEYS do
  if (redis.call('LINDEX', KEYS[i], -1) or '') ~= ARGV[11 + i] then return {'conflict', ''} end
end
local time = redis.call('TIME')
local arrived = time[1] .. '.' .. string.format('%06d', time[2])
local id = redis.call('XADD', KEYS[3], '*',
  'seq', redis.call('INCR', KEYS[4]), 'arrived', arrived, 'entry', ARGV[8], 'fp', ARGV[6],
  'may', ARGV[9], 'held', ARGV[10], 'copy', ARGV[12], 'update', ARGV[13])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4] .. '|' .. id .. '|' .. ARGV[5] .. '|' .. ARGV[9])
redis.call('SET', ARGV[14] .. id, ARGV[6], 'EX', ARGV[7])
redis.call('SET', ARGV[15] .. id, '1')
for i = 6, #KEYS do
  redis.call('RPUSH', KEYS[i], id)
  redis.call('LTRIM', KEYS[i], -tonumber(ARGV[16]), -1)
  redis.call('EXPIRE', KEYS[i], ARGV[7])
end
redis.call('HINCRBY', KEYS[5], 'articles', 1)
if ARGV[12] ~= '' then redis.call('HINCRBY', KEYS[5], 'copies', 1) end
return {'accepted', id}
