# ruby-bcrypt, as Devise and has_secure_password use it: bcrypt.rb OURS THEIRS
require 'bcrypt'
require 'json'

ours = File.readlines(ARGV[0]).map { |line| JSON.parse(line) }.to_h { |line| [line['scheme'], line] }
schemes = %w[bcrypt devise:bcrypt devise:pepper authlogic:bcrypt]
schemes.each do |scheme|
  line = ours.fetch(scheme)
  # Devise puts its pepper behind the password, Authlogic what stands in the salt's column.
  behind = scheme.start_with?('authlogic') ? line['salt'] : line['key']
  stored = BCrypt::Password.new(line['hash'])
  abort scheme unless stored == "#{line['password']}#{behind}" && stored != "x#{line['password']}#{behind}"
end
made = BCrypt::Password.create(ours['devise:bcrypt']['password'], cost: 5)
File.open(ARGV[1], 'a') do |out|
  out.puts JSON.generate(scheme: 'devise:bcrypt', hash: made.to_s, password: ours['devise:bcrypt']['password'])
end
puts "== password writers: ruby-bcrypt verified #{schemes.size} of our schemes"
