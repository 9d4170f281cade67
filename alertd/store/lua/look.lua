-- Looks which accepted articles share bands with entries that may copy them, and enters under each band that nobody had
-- the place that its entry will have.  Should the entry not come to be accepted, the place is another article's: a band
-- only says who is to be compared, and what is compared in vain is no copy.
-- KEYS: seq.  ARGV: 1 prefix of the tables of bands, 2 era, 3 number of eras, 4 life of a table in s, then for each entry
-- its bands, each as `TABLE BAND;`, or as `TABLE!BAND;` where it is not known that the table has its life.
-- Returns the number of articles accepted so far, then for each entry the places of those it meets, once for each band,
-- and its bands that others of this era have, each as `TABLE BAND;`.
if redis.replicate_commands then redis.replicate_commands() end
local place = tonumber(redis.call('GET', KEYS[1]) or '0')
local answer = {string.format('%.0f', place)}
local this, before = ARGV[1] .. ARGV[2] .. ':', {}
for back = 1, tonumber(ARGV[3]) - 1 do before[back] = ARGV[1] .. (tonumber(ARGV[2]) - back) .. ':' end
for i = 5, #ARGV do
  local met, held = {}, {}
  place = place + 1
  for name, mark, band in string.gmatch(ARGV[i], '(%x+)([ !])([^;]+);') do
    local table_of = this .. name
    if redis.call('HSETNX', table_of, band, place) == 0 then
      met[#met + 1] = redis.call('HGET', table_of, band)
      held[#held + 1] = name .. ' ' .. band .. ';'
    end
    if mark == '!' and redis.call('PTTL', table_of) < 0 then redis.call('EXPIRE', table_of, ARGV[4]) end
    for _, era in ipairs(before) do
      local value = redis.call('HGET', era .. name, band)
      if value then met[#met + 1] = value end
    end
  end
  answer[#answer + 1] = table.concat(met, ' ')
  answer[#answer + 1] = table.concat(held)
end
return answer
