-- Shows that a process lives, gives back what it leaves, and takes shards that nobody holds, up to its fair share.
-- KEYS: 1 shards: by their numbers who holds them, as `PROCESS NUMBER`, and under "" the last number; 2 members: the
--       beats of those who share them
-- ARGV: 1 process, 2 number of shards, 3 "1" when all others have gone, 4 "1" to leave, 5 number of members that may have
--       gone, then for each its name and the beat that was seen last; then the shards that are given back
-- Returns {members and their beats…}, {shards and who holds them…}, a shard that nobody holds missing.
if redis.replicate_commands then redis.replicate_commands() end
local me, most = ARGV[1], tonumber(ARGV[2])
local at = 6
for _ = 1, tonumber(ARGV[5]) do
  if redis.call('HGET', KEYS[2], ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', KEYS[2], ARGV[at]) end
  at = at + 2
end
if ARGV[3] == '1' then redis.call('DEL', KEYS[2]) end
local leaves = ARGV[4] == '1'
if leaves then redis.call('HDEL', KEYS[2], me) else redis.call('HINCRBY', KEYS[2], me, 1) end
local given = {}
for i = at, #ARGV do given[ARGV[i]] = true end
local members, lives = redis.call('HGETALL', KEYS[2]), {}
for i = 1, #members, 2 do lives[members[i]] = true end
local held, mine = {}, 0
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local shard, owner = rows[i], string.match(rows[i + 1], '^(.*) %d+$')
  if owner == me and (leaves or given[shard]) then owner = nil end
  if owner and lives[owner] then
    held[shard] = rows[i + 1]
    if owner == me then mine = mine + 1 end
  elseif shard ~= '' then
    redis.call('HDEL', KEYS[1], shard)
  end
end
if not leaves then
  local share = math.ceil(most / (#members / 2))
  for shard = 0, most - 1 do
    if mine >= share then break end
    local name = tostring(shard)
    if not held[name] then
      held[name] = me .. ' ' .. string.format('%.0f', redis.call('HINCRBY', KEYS[1], '', 1))
      redis.call('HSET', KEYS[1], name, held[name])
      mine = mine + 1
    end
  end
end
local flat = {}
for shard, holder in pairs(held) do
  flat[#flat + 1] = shard
  flat[#flat + 1] = holder
end
return {members, flat}
