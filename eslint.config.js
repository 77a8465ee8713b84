import importX, { createNodeResolver } from "eslint-plugin-import-x"
import tseslint from "typescript-eslint"

/** The rooms of the house, in the order in which they may know each other: a file imports only from rows above its own. */
const rooms = [
  ["runtime"],
  ["fields"],
  ["Errors"],
  ["api"],
  ["Schema", "Filter"],
  ["limiter"],
  ["RateLimit", "RateLimitRedis", "RetryPolicy"],
  ["http"],
  ["TokenStore", "HttpClientFetch", "HttpClientUndici"],
  ["credentials", "WebhookStore"],
  ["webhooks"],
  ["TokenStoreFile", "TokenStoreRedis", "TokenStoreSql", "TokenStoreTest", "Credentials"],
  ["WebhookStoreRedis", "Webhooks"],
  ["HttpLayer"],
  ["ContactsService", "CustomFieldsService", "LocationTagsService", "NotesService", "TasksService"],
  ["CustomFields"],
  ["GrowthHub"],
  ["bulk"],
  ["ContactsBulk"],
  ["sandbox"],
  ["ContactsTest"],
  ["index"]
]

const folders = ["runtime", "fields", "api", "limiter", "http", "credentials", "webhooks", "bulk", "sandbox"]

const path = (room) => (folders.includes(room) ? `./src/${room}` : `./src/${room}.ts`)

/** The sandbox is nobody's client: it knows the schemas, and JSON. */
const mayNotKnow = (room, other) => room === "sandbox" && !["runtime", "fields", "api", "Schema"].includes(other)

const zones = rooms
  .flatMap((row, index) =>
    row.map((room) => ({
      target: path(room),
      from: rooms
        .flatMap((others, place) =>
          others.filter((other) => place > index || (place < index && mayNotKnow(room, other)))
        )
        .map(path),
      message: "A file imports only from rooms above its own: see CONTRIBUTING.md."
    }))
  )
  .filter(({ from }) => from.length > 0)
  // The command uses what everybody can use: `effect-growthhub/…`, never a path.
  .concat({ target: "./cli/src", from: "./src", message: "The command imports only public modules of the library." })
  .concat({ target: "./src", from: "./cli", message: "The library does not know the command." })

/** Files that decide and compute without effects. They import no Effect, types included, and only each other. */
const pure = [
  "bulk/journal.ts",
  "credentials/token.ts",
  "fields/lenient.ts",
  "http/fetchInit.ts",
  "http/redact.ts",
  "http/retryDecision.ts",
  "http/transportFailure.ts",
  "limiter/headers.ts",
  "limiter/limit.ts",
  "limiter/sharing.ts",
  "runtime/json.ts",
  "runtime/timeout.ts",
  "sandbox/ContactRecord.ts",
  "sandbox/CustomFieldInput.ts",
  "sandbox/CustomFieldRecord.ts",
  "sandbox/Directory.ts",
  "sandbox/DirectoryRecord.ts",
  "sandbox/Duplicates.ts",
  "sandbox/Reply.ts",
  "sandbox/Rules.ts",
  "sandbox/SearchFilter.ts",
  "sandbox/SearchIndex.ts",
  "sandbox/WebhookEvents.ts"
]

const pureZones = pure.map((file) => ({
  target: `./src/${file}`,
  from: "./src",
  except: pure.map((other) => `./${other}`),
  message: "A pure file imports only pure files: see `pure` in eslint.config.js."
}))

export default tseslint.config(
  {
    ignores: [
      "dist",
      "cli/dist",
      ".programs",
      ".snippets",
      "coverage",
      "bench/node_modules",
      "docs/site",
      ".stryker-tmp"
    ]
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.js", "scripts/*.mjs", "bench/*.js", "cli/*.mjs"] } }
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // A schema and the type of its values share a name and may be the same interface.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }]
    }
  },
  {
    files: ["src/**", "cli/src/**"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensionAlias: { ".js": [".ts", ".js"] } })],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] }
    },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { zones: [...zones, ...pureZones] }],
      "no-console": "error",
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 60],
      // A barrel loads everything: see "Import" in the measurements.
      "no-restricted-imports": [
        "error",
        { paths: ["effect", "@effect/platform", "@effect/platform-node"], patterns: ["**/index.js"] }
      ]
    }
  },
  {
    files: pure.map((file) => `src/${file}`),
    rules: {
      "no-restricted-imports": ["error", { patterns: ["effect", "effect/*", "@effect/*"] }]
    }
  },
  { files: ["scripts/**", "bench/**", "cli/*.mjs", "*.js"], extends: [tseslint.configs.disableTypeChecked] }
)
