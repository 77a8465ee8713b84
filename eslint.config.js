import tseslint from "typescript-eslint"

export default tseslint.config(
  { ignores: ["dist", ".snippets", "coverage", "bench/node_modules"] },
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
    rules: {
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
