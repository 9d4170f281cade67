-- Looks which accepted articles share bands with entries that may copy them, and enters under each band that nobody had
-- the place that its entry will have.  Should the entry not come to be accepted, the place is another article's: a band
-- only says who is to be compared, and what is compared in vain is no copy.
-- KEYS: seq.  ARGV: 1 prefix of the tables of bands, 2 era, 3 number of eras, 4 life of a table in s, 5 tables of these
-- bands, between blanks, of which it is not known that they have their life, then for each entry its bands, each as
-- `TABLE BAND;`.
-- Returns the number of articles accepted so far, then for each entry the places of those it meets, once for each band,
-- and its bands that others of this era have, each as `TABLE BAND;`.
if redis.replicate_commands then redis.replicate_commands() end
local call = redis.call
local place = tonumber(call('GET', KEYS[1]) or '0')
local answer = {string.format('%.0f', place)}
local this, before = ARGV[1] .. ARGV[2] .. ':', {}
for back = 1, tonumber(ARGV[3]) - 1 do before[back] = ARGV[1] .. (tonumber(ARGV[2]) - back) .. ':' end
local eras = #before
for i = 6, #ARGV do
  local met, held = {}, {}
  place = place + 1
  -- written once: a number is written anew for each command that it is given to
  local own = string.format('%.0f', place)
  for name, band in string.gmatch(ARGV[i], '(%x+) ([^;]+);') do
    local table_of = this .. name
    if call('HSETNX', table_of, band, own) == 0 then
      met[#met + 1] = call('HGET', table_of, band)
      held[#held + 1] = name .. ' ' .. band .. ';'
    end
    for back = 1, eras do
      local value = call('HGET', before[back] .. name, band)
      if value then met[#met + 1] = value end
    end
  end
  answer[#answer + 1] = table.concat(met, ' ')
  answer[#answer + 1] = table.concat(held)
end
for name in string.gmatch(ARGV[5], '%x+') do
  if call('PTTL', this .. name) < 0 then call('EXPIRE', this .. name, ARGV[4]) end
end
return answer
