import importX, { createNodeResolver } from "eslint-plugin-import-x"
import tseslint from "typescript-eslint"

/** The rooms of the house, in the order in which they may know each other: a file imports only from rows above its own. */
const rooms = [
  ["runtime"],
  ["fields"],
  ["Errors"],
  ["api"],
  ["Schema"],
  ["limiter"],
  ["RateLimit", "RateLimitRedis"],
  ["http"],
  ["TokenStore", "HttpClientFetch", "HttpClientUndici"],
  ["credentials"],
  ["TokenStoreFile", "TokenStoreRedis", "Credentials", "RetryPolicy"],
  ["HttpLayer"],
  ["ContactsService", "NotesService", "TasksService"],
  ["GrowthHub"],
  ["bulk"],
  ["ContactsBulk"],
  ["sandbox"],
  ["ContactsTest"],
  ["cli"],
  ["index"]
]

const folders = ["runtime", "fields", "api", "limiter", "http", "credentials", "bulk", "sandbox", "cli"]

const path = (room) => (folders.includes(room) ? `./src/${room}` : `./src/${room}.ts`)

/** The sandbox is nobody's client: it knows the schemas only. */
const mayNotKnow = (room, other) => room === "sandbox" && !["fields", "api", "Schema"].includes(other)

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

export default tseslint.config(
  { ignores: ["dist", ".snippets", "coverage", "bench/node_modules", "docs/site", ".stryker-tmp"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.js", "scripts/*.mjs", "bench/*.js"] } }
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // A schema and the type of its values share a name and may be the same interface.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }]
    }
  },
  {
    files: ["src/**"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensionAlias: { ".js": [".ts", ".js"] } })],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] }
    },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { zones }],
      "no-console": "error",
      // A barrel loads everything: see "Import" in the measurements.
      "no-restricted-imports": [
        "error",
        { paths: ["effect", "@effect/platform", "@effect/platform-node"], patterns: ["**/index.js"] }
      ]
    }
  },
  { files: ["scripts/**", "bench/**", "*.js"], extends: [tseslint.configs.disableTypeChecked] }
)
