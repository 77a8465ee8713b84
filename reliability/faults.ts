// The mix of faults of R1 and R22: nine kinds, each with the same share of the requests.
import type { Plan } from "effect-growthhub/Sandbox"

export const faults = (share: number, seed: number): typeof Plan.Encoded => ({
  seed,
  rules: [
    { fault: { _tag: "Reset", when: "before" }, probability: share },
    { fault: { _tag: "Reset", when: "after" }, probability: share },
    { fault: { _tag: "HalfBody" }, probability: share },
    { fault: { _tag: "Status", status: 502, when: "before" }, probability: share },
    { fault: { _tag: "Status", status: 502, when: "after", body: "html" }, probability: share },
    { fault: { _tag: "Status", status: 429 }, probability: share },
    { fault: { _tag: "Stall", when: "after", millis: 8000 }, probability: share },
    { fault: { _tag: "Garbage" }, probability: share },
    { fault: { _tag: "Html", when: "after" }, probability: share }
  ]
})
