-- Keeps what is remembered of many feeds whose polls brought nothing new.
-- KEYS: 1 shards, 2 feeds. ARGV: 1 prefix of feeds, 2 JSON: shard → token under which it is held, 3 JSON: shard → feed →
-- field → value
-- Returns the shards that are held under other tokens: what was noted of their feeds is not kept.
if redis.replicate_commands then redis.replicate_commands() end
local tokens, fenced = cjson.decode(ARGV[2]), {}
for shard, feeds in pairs(cjson.decode(ARGV[3])) do
  if redis.call('HGET', KEYS[1], shard) ~= tokens[shard] then
    fenced[#fenced + 1] = shard
  else
    for feed, fields in pairs(feeds) do
      local pairs_of_it = {}
      for field, value in pairs(fields) do
        pairs_of_it[#pairs_of_it + 1] = field
        pairs_of_it[#pairs_of_it + 1] = value
      end
      redis.call('SADD', KEYS[2], feed)
      if #pairs_of_it > 0 then redis.call('HSET', ARGV[1] .. feed, unpack(pairs_of_it)) end
    end
  end
end
return fenced
