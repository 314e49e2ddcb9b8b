-- Moves an outbox entry that cannot be read to where a person can look at it. Of two who try, one moves it.
-- KEYS outbox, unreadable. ARGV the entry's id, ms to keep what is unreadable, how many at most.
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not entry then
  return 0
end
redis.call('RPUSH', KEYS[2], cjson.encode(entry))
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[3]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
