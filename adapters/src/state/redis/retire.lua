-- Ends the lease of the start that holds it. KEYS lease, names. ARGV boot, name.
if redis.call('HGET', KEYS[1], 'boot') == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[2], ARGV[2])
end
