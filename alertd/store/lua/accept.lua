-- Accepts entries: their seen-marks and their places in the stream, all together or none.
-- KEYS: 1 shards, 2 articles, 3 seq, 4 counts
-- ARGV: 1 JSON: shard → token under which it is held, 2 number of articles that were accepted when it was looked whom the
--       entries copy, 3 prefix of the tables of bands and their era, 4 prefix of fingerprints, 5 their life in s, 6 prefix
--       of open articles, then for each entry thirteen: key of the seen-marks, entry's key in them, mark as it was read (""
--       for none), content, edits, fingerprint, entry, "1" when it may alert, held, original ("#3": the third of these),
--       bands that others have as well as `TABLE BAND;` (none of a copy: it is found through its original), the
--       earlier form, and the articles that it contradicts, with blanks between them (as the original is told)
-- Returns {"fenced", shards that are held under other tokens…}, {"changed", the marks there are now…} when a mark or the
-- number of articles is another one, or {"accepted", ids of the articles…}.
if redis.replicate_commands then redis.replicate_commands() end
local call = redis.call
local fenced = {'fenced'}
for shard, token in pairs(cjson.decode(ARGV[1])) do
  if call('HGET', KEYS[1], shard) ~= token then fenced[#fenced + 1] = shard end
end
if #fenced > 1 then return fenced end
local first, width = 7, 13
local none = {}
local marks, same = {'changed'}, true
for at = first, #ARGV, width do
  local mark = call('HGET', ARGV[at], ARGV[at + 1]) or ''
  if mark ~= ARGV[at + 2] then same = false end
  marks[#marks + 1] = mark
end
local seq = tonumber(call('GET', KEYS[3]) or '0')
if not same or seq ~= tonumber(ARGV[2]) then return marks end
local time = call('TIME')
local arrived = time[1] .. '.' .. string.format('%06d', time[2])
local ids, copies = {'accepted'}, 0
for at = first, #ARGV, width do
  local content, edits, fp, entry, may, held = unpack(ARGV, at + 3, at + 8)
  local original = ARGV[at + 9]
  if string.sub(original, 1, 1) == '#' then original = ids[tonumber(string.sub(original, 2)) + 1] end
  if original ~= '' then copies = copies + 1 end
  local more = none
  if ARGV[at + 12] ~= '' then
    more = {'unlike', (string.gsub(ARGV[at + 12], '#(%d+)', function(n) return ids[tonumber(n) + 1] end))}
  end
  seq = seq + 1
  local own = string.format('%.0f', seq)
  local id = call('XADD', KEYS[2], '*', 'seq', own, 'arrived', arrived, 'entry', entry, 'fp', fp,
    'may', may, 'held', held, 'copy', original, 'update', ARGV[at + 11], unpack(more))
  ids[#ids + 1] = id
  call('HSET', ARGV[at], ARGV[at + 1], content .. '|' .. id .. '|' .. edits .. '|' .. may)
  call('SET', ARGV[4] .. own, id .. '|' .. original .. '|' .. fp, 'EX', ARGV[5])
  call('SET', ARGV[6] .. id, '1')
  for name, band in string.gmatch(ARGV[at + 10], '(%S+) ([^;]+);') do
    local place = ARGV[3] .. name
    local value = call('HGET', place, band)
    if value and value ~= own then
      if #value > 54 then value = string.match(value, ' (.*)$') or value end
      call('HSET', place, band, value .. ' ' .. own)
    end
  end
end
call('SET', KEYS[3], seq)
call('HINCRBY', KEYS[4], 'articles', #ids - 1)
if copies > 0 then call('HINCRBY', KEYS[4], 'copies', copies) end
return ids
