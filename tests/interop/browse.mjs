// Opens a page in Chromium as a reader without a network would, and says what is on it and what it asked for.
//
//     node browse.mjs URL CHROMIUM [SCREENSHOT]        writes JSON
import { chromium } from "playwright-core"

const [url, executablePath, screenshot] = process.argv.slice(2)
// Chromium's own sandbox needs rights that a container rarely has; the page is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] })
try {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } })
  const complaints = []
  const requests = []
  page.on("console", (message) => {
    if (["error", "warning", "assert"].includes(message.type())) complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("request", (request) => requests.push(request.url()))
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`))
  await page.goto(url, { waitUntil: "load" })
  await page.waitForLoadState("networkidle")
  await page.waitForTimeout(1000) // what comes late: workers, pictures
  const anchors = await page.locator("[id]").evaluateAll((elements) => elements.map((element) => element.id))
  const text = await page.locator("body").innerText()
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true })
  console.log(JSON.stringify({ title: await page.title(), anchors, text, complaints, requests }))
} finally {
  await browser.close()
}
