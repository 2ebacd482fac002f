// The application of test_recipe_node.py: cancels the cards of a customer.
const { ATOMIC_CARDS_API_URL, ATOMIC_CARDS_ENVIRONMENT_ID, ATOMIC_CARDS_TOKEN } = process.env;

const query = new URLSearchParams({ userId: process.argv[2], multiple: "1" });
const url = `${ATOMIC_CARDS_API_URL}/v1/${ATOMIC_CARDS_ENVIRONMENT_ID}/cards/cancel?${query}`;
const headers = { Authorization: `Bearer ${ATOMIC_CARDS_TOKEN}` };
const response = await fetch(url, { method: "PUT", headers });
if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
console.log(JSON.stringify((await response.json()).summary));
