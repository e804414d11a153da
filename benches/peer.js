// What benches/logins compares with: the same two actions as they are usually written for Node. `peer.js PORT` serves;
// `peer.js hashes COUNT` prints the bcrypt hashes of password0, password1 …
const bcrypt = require('bcrypt')

async function serve (port) {
  const { Pool } = require('pg')
  const pool = new Pool({ max: 16 })
  const columns = 'id, email, email_verified, given_name, password, is_active'
  const byEmail = { name: 'by-email', text: `SELECT ${columns} FROM users WHERE lower(email) = lower($1)` }
  const byId = { name: 'by-id', text: `SELECT ${columns} FROM users WHERE id = $1` }
  const authorization = `Bearer ${process.env.TOKEN}`
  const app = require('fastify')()
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization !== authorization) return reply.code(401).send({ error: 'unauthorized' })
  })
  const profile = user => ({
    user: {
      user_id: String(user.id), email: user.email, email_verified: user.email_verified, given_name: user.given_name
    }
  })
  app.post('/v1/bench/get_user', async (request, reply) => {
    const { rows: [user] } = await pool.query({ ...byId, values: [request.body.user_id] })
    return user ? profile(user) : reply.code(404).send({ error: 'user_not_found' })
  })
  app.post('/v1/bench/login', async (request, reply) => {
    const { rows: [user] } = await pool.query({ ...byEmail, values: [request.body.identifier] })
    const matches = user && user.is_active && await bcrypt.compare(request.body.password, user.password)
    return matches ? profile(user) : reply.code(401).send({ error: 'wrong_credentials' })
  })
  await app.listen({ host: '127.0.0.1', port })
}

if (process.argv[2] === 'hashes') {
  for (let n = 0; n < Number(process.argv[3]); n++) console.log(bcrypt.hashSync(`password${n}`, 10))
} else {
  serve(Number(process.argv[2]))
}
