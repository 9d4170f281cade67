-- Accepts an entry: its seen-mark and its place in the stream, together.
-- KEYS: 1 lease, 2 seen, 3 articles, 4 seq, 5 counts
-- ARGV: 1 token, 2 entry's key, 3 mark as it was read ("" for none), 4 content, 5 edits, 6 fingerprint, 7 its life in
--       s, 8 entry, 9 "1" when it may alert, 10 held, 11 original, 12 earlier form, 13 prefix of fingerprints, 14 prefix of
--       open articles, 15 life of the tables in s, 16 whom it met as it was read, "?" when nobody looked, 17 most
--       fingerprints to return, 18 prefix of the tables of bands, 19 era, 20 number of eras, then `TABLE BAND` for each
--       band
-- Returns {"accepted", article's id}, {"seen", id} (done before), {"conflict"} (the mark changed), {"fenced"}, or
-- {"met", whom it met, their fingerprints…} when somebody has to look whether it copies one of them first.
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'fenced', ''} end
local mark = redis.call('HGET', KEYS[2], ARGV[2]) or ''
if mark ~= ARGV[3] then
  local content, article = string.match(mark, '^([^|]*)|([^|]*)|')
  if content == ARGV[4] then return {'seen', article} end
  return {'conflict', ''}
end
local era, first = tonumber(ARGV[19]), 21
local tables, bands, here, seqs, known = {}, {}, {}, {}, {}
for i = first, #ARGV do
  local name, band = string.match(ARGV[i], '^(%S+) (.+)$')
  for back = 0, tonumber(ARGV[20]) - 1 do
    local place = ARGV[18] .. (era - back) .. ':' .. name
    local value = redis.call('HGET', place, band)
    if back == 0 then tables[i], bands[i], here[i] = place, band, value end
    if value then
      for seq in string.gmatch(value, '%S+') do
        if not known[seq] then seqs[#seqs + 1] = seq end
        known[seq] = (known[seq] or 0) + 1
      end
    end
  end
end
local met = table.concat(seqs, ' ')
if met ~= ARGV[16] and (ARGV[16] ~= '?' or met ~= '') then
  -- who shares most bands first: a busy band must not crowd out the one article that shares the address
  table.sort(seqs, function(a, b)
    if known[a] ~= known[b] then return known[a] > known[b] end
    return tonumber(a) < tonumber(b)
  end)
  local names = {}
  for i = 1, math.min(#seqs, tonumber(ARGV[17])) do names[i] = ARGV[13] .. seqs[i] end
  local found = #names > 0 and redis.call('MGET', unpack(names)) or {}
  local answer = {'met', met}
  for i = 1, #names do if found[i] then answer[#answer + 1] = found[i] end end
  return answer
end
local time = redis.call('TIME')
local arrived = time[1] .. '.' .. string.format('%06d', time[2])
local seq = redis.call('INCR', KEYS[4])
local id = redis.call('XADD', KEYS[3], '*',
  'seq', seq, 'arrived', arrived, 'entry', ARGV[8], 'fp', ARGV[6],
  'may', ARGV[9], 'held', ARGV[10], 'copy', ARGV[11], 'update', ARGV[12])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4] .. '|' .. id .. '|' .. ARGV[5] .. '|' .. ARGV[9])
redis.call('SET', ARGV[13] .. seq, id .. '|' .. ARGV[11] .. '|' .. ARGV[6], 'EX', ARGV[7])
redis.call('SET', ARGV[14] .. id, '1')
for i = first, #ARGV do
  local value = here[i]
  -- a copy is found through its original, where that has the band as well
  if not value or ARGV[11] == '' then
    if value and #value > 54 then value = string.match(value, ' (.*)$') or value end
    redis.call('HSET', tables[i], bands[i], value and value .. ' ' .. seq or seq)
    if not value and redis.call('HLEN', tables[i]) == 1 then redis.call('EXPIRE', tables[i], ARGV[15]) end
  end
end
redis.call('HINCRBY', KEYS[5], 'articles', 1)
if ARGV[11] ~= '' then redis.call('HINCRBY', KEYS[5], 'copies', 1) end
return {'accepted', id}
