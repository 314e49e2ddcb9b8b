-- Puts events into one shard's outbox. KEYS outbox. ARGV ms to keep the outbox, then the events. Returns their ids.
local ids = {}
for i = 2, #ARGV do
  ids[#ids + 1] = redis.call('XADD', KEYS[1], '*', 'e', ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return ids
