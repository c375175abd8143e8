// Opens a page in Chromium and reports its content, its console messages and the addresses that it requested.
//
//     node browse.mjs URL CHROMIUM [OPERATION]        prints JSON
//
// `narrow` is the width that the page needs in a window of 400 pixels.
// OPERATION is called with Swagger UI's button "Execute", with the values that the page fills in.
import { chromium } from "playwright-core"

const [url, executablePath, operation] = process.argv.slice(2)
// Chromium's own sandbox needs privileges that a container rarely has; the page is ours, so it is not needed.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] })
try {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } })
  const problems = []
  const requests = []
  page.on("console", (message) => {
    if (["error", "warning", "assert"].includes(message.type())) problems.push(message.text())
  })
  page.on("pageerror", (error) => problems.push(String(error)))
  page.on("request", (request) => requests.push(request.url()))
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`))
  await page.goto(url, { waitUntil: "load" })
  await page.waitForLoadState("networkidle")
  await page.waitForTimeout(1000) // for workers and images that load late
  const anchors = await page.locator("[id]").evaluateAll((elements) => elements.map((element) => element.id))
  const text = await page.locator("body").innerText()
  const executed = operation ? await execute(page, operation) : null
  await page.setViewportSize({ width: 400, height: 800 })
  const narrow = await page.evaluate(() => document.documentElement.scrollWidth)
  console.log(JSON.stringify({ title: await page.title(), anchors, text, problems, requests, executed, narrow }))
} finally {
  await browser.close()
}

// Returns the text of the response that Swagger UI shows.
async function execute(page, operation) {
  const block = page.locator(`[id^="operations-"][id$="-${operation}"]`)
  await block.locator(".opblock-summary-control").click()
  await block.locator(".execute").click()
  const response = block.locator(".live-responses-table")
  await response.waitFor()
  return await response.innerText()
}
