/** Where ScenePass is: its `PUBLIC_URL`, without a slash at the end, among the request domains. */
const serviceUrl = 'https://login.example.com'

module.exports = { serviceUrl }
