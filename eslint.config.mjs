import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["node_modules/", "out/", ".plinth/", ".cache/"] },
    js.configs.recommended,
    tseslint.configs.recommended,
    {
        files: ["**/*.ts"],
        rules: {
            "@typescript-eslint/consistent-type-imports": "error",
            // `import x = require()` and `export =` are how a program hands a function to the engine.
            "@typescript-eslint/no-require-imports": ["error", { allowAsImport: true }],
            // A name that begins with _ says that the value is taken out and dropped.
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
            ],
        },
    },
    {
        files: ["**/*.ts"],
        ignores: ["components/languages/**"],
        rules: {
            // Text of a file comes from the writer of its language, which quotes or refuses.
            "no-restricted-imports": [
                "error",
                {
                    patterns: [
                        {
                            group: ["**/languages/text"],
                            importNames: ["written"],
                            message: "Only the writers of components/languages say that a text is written.",
                        },
                    ],
                },
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector:
                        "TSAsExpression > TSTypeReference[typeName.name=/^(Text|Apache|Caddy|Expansion|Ini|Msmtp|MyCnf|Nginx|Php|Python|Sh|Sql|Vcl|Yaml)$/]",
                    message: "Only the writers of components/languages say that a text is written.",
                },
            ],
        },
    },
    {
        files: ["**/*.test.ts"],
        // chai's assertions are expressions.
        rules: { "@typescript-eslint/no-unused-expressions": "off" },
    },
    {
        // Scripts of mongosh, which loads the first of them before each of the others.
        files: ["components/documentStore/scripts/*.js"],
        rules: { "@typescript-eslint/no-unused-vars": ["error", { vars: "local" }] },
        languageOptions: {
            sourceType: "script",
            globals: { db: "readonly", rs: "readonly", print: "readonly", quit: "readonly", process: "readonly" },
        },
    },
    {
        files: ["components/documentStore/scripts/{prepare,start}.js"],
        languageOptions: { globals: { accounts: "readonly", compatibility: "readonly", refuse: "readonly" } },
    },
    {
        files: ["**/*.cjs"],
        rules: { "@typescript-eslint/no-require-imports": "off" },
        languageOptions: {
            globals: { module: "writable", require: "readonly", __dirname: "readonly", process: "readonly" },
        },
    },
    {
        // What pipelines run without the npm packages.
        files: [".ci/*.mjs"],
        languageOptions: {
            globals: { AbortSignal: "readonly", console: "readonly", fetch: "readonly", process: "readonly" },
        },
    },
);
