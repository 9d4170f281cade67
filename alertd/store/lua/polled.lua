-- Ends a poll: what is remembered of the feed, entries that only have to be known, entries that are there now.
-- That one is there is noted once a day: noted with each poll, it would be moved in a sorted set with each poll.
-- KEYS: 1 shards, 2 feed, 3 seen, 4 seen at, 5 feeds, 6 twins
-- ARGV: 1 its shard, 2 token under which that is held, 3 feed's name, 4 seconds for which an entry that left the feed
--       stays known at least, 5 by what entries are known again ("" leaves that as it is), 6 number of fields, then
--       fields and values; number of marks, then keys and marks; then the keys of all entries there now
-- Returns "polled", "unknown" (an entry that is there now has no mark: a server took over that lacks what was just
-- accepted; nothing is remembered, so that the document is asked for again) or "fenced".
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 'fenced' end
local fields = tonumber(ARGV[6])
local at = 7 + 2 * fields
local marks = tonumber(ARGV[at])
at = at + 1
for _ = 1, marks do
  redis.call('HSETNX', KEYS[3], ARGV[at], ARGV[at + 1])
  at = at + 2
end
-- many in one command, but fewer than Lua can unpack
local together = 500
local now, day = redis.call('TIME')[1], 86400
local yesterday = now - day
local there = {}
for first = at, #ARGV, together do
  local last = math.min(#ARGV, first + together - 1)
  local new = {}
  for number, noted in ipairs(redis.call('ZMSCORE', KEYS[4], unpack(ARGV, first, last))) do
    local key = ARGV[first + number - 1]
    -- what was noted here had its mark here
    if not noted then new[#new + 1] = key end
    if not noted or tonumber(noted) <= yesterday then
      there[#there + 1] = now
      there[#there + 1] = key
    end
  end
  for _, mark in ipairs(#new > 0 and redis.call('HMGET', KEYS[3], unpack(new)) or new) do
    if not mark then return 'unknown' end
  end
end
redis.call('SADD', KEYS[5], ARGV[3])
if ARGV[5] ~= '' then redis.call('SET', KEYS[6], ARGV[5]) end
for i = 7, 6 + 2 * fields, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
for first = 1, #there, 2 * together do
  redis.call('ZADD', KEYS[4], unpack(there, first, math.min(#there, first + 2 * together - 1)))
end
if at <= #ARGV then
  local gone = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', yesterday - ARGV[4], 'LIMIT', 0, 1000)
  if #gone > 0 then
    redis.call('HDEL', KEYS[3], unpack(gone))
    redis.call('ZREM', KEYS[4], unpack(gone))
  end
end
return 'polled'
