-- Takes entries over from whoever holds them, unless another one did so first.
-- KEYS: stream.  ARGV: 1 group, 2 who takes them, then for each entry its id, its holder and the number of its
-- deliveries, as they were seen.  Returns the entries taken that are still in the stream, as XRANGE does.
if redis.replicate_commands then redis.replicate_commands() end
local taken = {}
for at = 3, #ARGV, 3 do
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)[1]
  if row and row[2] == ARGV[at + 1] and row[4] == tonumber(ARGV[at + 2]) then
    -- before Redis 7.0 a trimmed entry comes back as nothing
    local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at])[1]
    if entry then
      taken[#taken + 1] = entry
    end
  end
end
return taken
