-- Keeps what is remembered of many feeds whose polls brought nothing new.
-- KEYS: 1 lease, 2 feeds. ARGV: 1 token, 2 prefix of feeds, 3 JSON: feed → field → value
-- Returns "noted" or "fenced".
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
for feed, fields in pairs(cjson.decode(ARGV[3])) do
  local pairs_of_it = {}
  for field, value in pairs(fields) do
    pairs_of_it[#pairs_of_it + 1] = field
    pairs_of_it[#pairs_of_it + 1] = value
  end
  redis.call('SADD', KEYS[2], feed)
  if #pairs_of_it > 0 then redis.call('HSET', ARGV[2] .. feed, unpack(pairs_of_it)) end
end
return 'noted'
