-- Looks which accepted articles share bands with entries that may copy them.
-- KEYS: seq.  ARGV: 1 prefix of the tables of bands, 2 era, 3 number of eras, then for each entry its bands, each as
-- `TABLE BAND;`.  Returns the number of articles accepted so far, then for each entry the places of those it meets, once
-- for each band.
local answer = {redis.call('GET', KEYS[1]) or '0'}
local eras = {}
for back = 0, tonumber(ARGV[3]) - 1 do eras[back + 1] = ARGV[1] .. (tonumber(ARGV[2]) - back) .. ':' end
for i = 4, #ARGV do
  local met = {}
  for name, band in string.gmatch(ARGV[i], '(%S+) ([^;]+);') do
    for _, era in ipairs(eras) do
      local value = redis.call('HGET', era .. name, band)
      if value then met[#met + 1] = value end
    end
  end
  answer[#answer + 1] = table.concat(met, ' ')
end
return answer
