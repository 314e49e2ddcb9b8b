-- Everybody whose lease is in force; the names of the others are dropped.
-- KEYS names. ARGV what stands before a name in the key of its lease. Returns record and last assignment by turns.
local pool = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local lease = redis.call('HMGET', ARGV[1] .. name, 'record', 'assigned')
  if lease[1] then
    pool[#pool + 1] = lease[1]
    pool[#pool + 1] = lease[2] or '0'
  else
    redis.call('SREM', KEYS[1], name)
  end
end
return pool
