// Uses the page of the example as a person does: drops a file, watches the bar, reloads, downloads the results.
//
//     node drop.mjs URL CHROMIUM ROSTER FOLDER        prints JSON
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { chromium } from "playwright-core"

const [url, executablePath, roster, folder] = process.argv.slice(2)
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] })
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 } })
  const problems = []
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text())
  })
  page.on("pageerror", (error) => problems.push(String(error)))
  await page.goto(url)
  const transfer = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([text], "people.csv", { type: "text/csv" }))
    return transfer
  }, readFileSync(roster, "utf8"))
  await page.locator("#drop").dispatchEvent("drop", { dataTransfer: transfer })
  const bar = []
  const status = page.locator("#status")
  await page.locator("#run").waitFor()
  while (!/^(Done|Ended)/.test(await status.innerText())) {
    bar.push(await page.locator("#bar").evaluate((element) => element.value))
    await page.waitForTimeout(50)
  }
  const rows = await page.locator("#problems tbody tr").evaluateAll((lines) =>
    lines.map((line) => [...line.cells].map((cell) => cell.textContent)),
  )
  const finished = await status.innerText()
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("a.file").first().click()])
  await download.saveAs(join(folder, "results.csv"))
  await page.reload()
  await page.locator("#run").waitFor()
  const reloaded = await status.innerText()
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, "wide.png"), fullPage: true })
  await page.setViewportSize({ width: 400, height: 800 })
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, "narrow.png"), fullPage: true })
  const narrow = await page.evaluate(() => document.documentElement.scrollWidth)
  console.log(JSON.stringify({ problems, bar, status: finished, rows, reloaded, narrow }))
} finally {
  await browser.close()
}
