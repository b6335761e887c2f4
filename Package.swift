// swift-tools-version: 6.2

import PackageDescription

// A target imports only targets of a lower level: those above its own comment `// Level N.` below.
// DocumentationTests check the dependencies and the table in README.md against these comments, and
// `make lint` has the compiler check imports against the dependencies.

// Released code gets the metadata of generic types by calls. By their names, as is usual, the first use of each
// passes over all conformances in the program, which takes a command milliseconds. Figures:
// Benchmarks/results/ann.md, "Start-up".
let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .unsafeFlags(
        ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
        .when(configuration: .release)),
]

// The inner loops are C so that instruction sets can be chosen per function and at run time.
// They are optimized in debug builds too, or the tests would be far too slow.
let kernels: [CSetting] = [.unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=fast"])]

// The graph search is Swift and just as hot; without this, tests of a few thousand vectors
// would take minutes in debug builds.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

let package = Package(
    name: "vdb",
    products: [
        .library(name: "VectorDatabase", targets: ["VectorDatabase"]),
        .library(name: "PostgresStorage", targets: ["PostgresStorage"]),
        .library(name: "Embedding", targets: ["Embedding"]),
        .library(name: "DefaultModel", targets: ["DefaultModel"]),
        .library(name: "AutoRegEmbed", targets: ["AutoRegEmbed"]),
        .library(name: "Encoder", targets: ["Encoder"]),
        .library(name: "Training", targets: ["Training"]),
        .library(name: "Tuning", targets: ["Tuning"]),
        .library(name: "Evaluation", targets: ["Evaluation"]),
        .executable(name: "vdb", targets: ["vdb"]),
        .executable(name: "vdb-bench", targets: ["vdb-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // Level 0: C and text.
        .target(name: "COpenBLAS", cSettings: kernels),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(
            name: "CUTF8Proc", pkgConfig: "libutf8proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "COneDNN", cSettings: kernels),
        // Opened at run time, by downloads only.
        .target(name: "CLibcurl"),
        .target(name: "CLibcrypto"),
        // Opened at run time, by files that need them only.
        .target(name: "CDecompression"),
        .target(name: "CLibxml2"),
        .target(name: "CLibzip"),
        // Opened at run time, by connections to PostgreSQL only.
        .target(name: "CPostgres"),
        .target(name: "CVectorKernels", cSettings: kernels),
        // The built-in model's files, which the assembler includes from Sources/DefaultModel.
        .target(
            name: "CDefaultModel", exclude: ["model"], cSettings: [.headerSearchPath(".")]),
        // What we trained on SmolLM2, for `vdb model add`.
        .target(
            name: "CSmolLM2Adapter", exclude: ["adapter", "recipe"],
            cSettings: [.headerSearchPath(".")]),
        .target(name: "TextBytes", swiftSettings: swift),
        .target(name: "RandomNumbers", swiftSettings: swift),

        // Level 1.
        .target(name: "JSON", dependencies: ["TextBytes"], swiftSettings: swift),
        .target(
            name: "VectorMath", dependencies: ["CVectorKernels", "RandomNumbers"],
            swiftSettings: swift),
        .target(
            name: "FileFormat",
            dependencies: ["TextBytes", "CDecompression", "CLZ4", "CXXHash", "CZlib", "CZstd"],
            swiftSettings: swift),
        // Metrics, distances and search results.
        .target(name: "Ranking", swiftSettings: swift + optimized),

        // Level 2.
        .target(
            name: "Evaluation", dependencies: ["JSON", "RandomNumbers", "TextBytes"],
            swiftSettings: swift),
        .target(
            name: "Tensors",
            dependencies: [
                "VectorMath", "FileFormat", "JSON", "TextBytes", "CVectorKernels", "COpenBLAS",
                "COneDNN",
            ],
            swiftSettings: swift),
        .target(
            name: "Tokenization", dependencies: ["FileFormat", "JSON", "TextBytes", "CUTF8Proc"],
            swiftSettings: swift),
        .target(
            name: "VectorIndex",
            dependencies: [
                "Ranking", "RandomNumbers", "VectorMath", "CVectorKernels", "FileFormat", heap,
            ],
            swiftSettings: swift + optimized),
        .target(
            name: "LexicalIndex", dependencies: ["Ranking", "FileFormat", heap],
            swiftSettings: swift + optimized),
        .target(
            name: "Schema", path: "schema", exclude: ["README.md", "postgres/README.md"],
            resources: [.embedInCode("migrations"), .embedInCode("postgres")]),

        // JSON-RPC and MCP: messages, revisions, schemas of tools, the transport over pipes.
        .target(
            name: "ModelContextProtocol", dependencies: ["FileFormat", "JSON", "TextBytes"],
            swiftSettings: swift),

        // What a store of documents offers, and the records, filters and errors of its interface.
        .target(
            name: "Storage", dependencies: ["Ranking", "FileFormat", "TextBytes"],
            swiftSettings: swift),

        // Embedders: the only part of the models that the database sees.
        .target(name: "Embedding", dependencies: ["JSON", "TextBytes"], swiftSettings: swift),

        // Level 3.
        .target(
            name: "Transformer",
            dependencies: ["Tensors", "VectorMath", "FileFormat", "JSON", "TextBytes"],
            swiftSettings: swift),
        .target(
            name: "DocumentStore",
            dependencies: [
                "Storage", "Ranking", "Schema", "FileFormat", "JSON", "TextBytes", grdb, sqlite,
            ],
            swiftSettings: swift),

        .target(
            name: "PostgresStore",
            dependencies: [
                "CPostgres", "Storage", "Ranking", "LexicalIndex", "Schema", "FileFormat", "JSON",
                "TextBytes",
            ],
            swiftSettings: swift),

        // Level 4.
        .target(
            name: "ModelHub",
            dependencies: ["FileFormat", "JSON", "TextBytes", "CLibcurl", "CLibcrypto"],
            swiftSettings: swift),
        .target(
            name: "AutoRegEmbed",
            dependencies: [
                "Embedding", "Transformer", "Tokenization", "Tensors", "VectorMath", "FileFormat",
                "JSON", "TextBytes",
            ],
            swiftSettings: swift),

        // Level 5.
        .target(
            name: "VectorDatabase",
            dependencies: [
                "Embedding", "Ranking", "Storage", "DocumentStore", "VectorIndex", "LexicalIndex",
                "VectorMath", "RandomNumbers", "FileFormat", "JSON", "TextBytes", "Evaluation",
                "CLibxml2", "CLibzip",
            ],
            swiftSettings: swift),
        // Models that look both ways: BERT.
        .target(
            name: "Encoder",
            dependencies: [
                "AutoRegEmbed", "Embedding", "Transformer", "Tokenization", "Tensors",
                "VectorMath", "FileFormat", "JSON",
            ],
            swiftSettings: swift),
        .target(
            name: "Training",
            dependencies: [
                "AutoRegEmbed", "Transformer", "Tensors", "Tokenization", "VectorMath",
                "FileFormat", "JSON", "RandomNumbers", "TextBytes",
            ],
            swiftSettings: swift),

        // Level 6.
        // Databases in PostgreSQL. An application that does not import it does not have it.
        .target(
            name: "PostgresStorage",
            dependencies: [
                "VectorDatabase", "PostgresStore", "Storage", "Schema", "VectorIndex",
                "LexicalIndex",
            ],
            swiftSettings: swift),
        .target(
            name: "DefaultModel", dependencies: ["CDefaultModel", "AutoRegEmbed", "Encoder"],
            exclude: ["recipe", "MODEL_CARD.md"], swiftSettings: swift),
        .target(
            name: "Tuning",
            dependencies: [
                "Training", "AutoRegEmbed", "VectorDatabase", "Embedding", "Evaluation",
                "Transformer", "FileFormat", "JSON", "RandomNumbers", "TextBytes",
            ],
            swiftSettings: swift),
        // The database as the tools of a language model.
        .target(
            name: "ModelContext",
            dependencies: [
                "ModelContextProtocol", "VectorDatabase", "JSON", "TextBytes",
            ],
            swiftSettings: swift),

        // Level 8.
        .executableTarget(
            name: "vdb",
            dependencies: [
                "VectorDatabase", "PostgresStorage", "Storage", "DefaultModel", "AutoRegEmbed",
                "Encoder",
                "Training", "Tuning", "Evaluation", "Tokenization", "Tensors", "VectorMath",
                "FileFormat", "ModelHub",
                "ModelContext", "ModelContextProtocol", "JSON", "TextBytes", "CSmolLM2Adapter",
                argumentParser,
            ],
            swiftSettings: swift,
            // With Swift's libraries linked statically all symbols would be exported, 17,000, through
            // which those of other libraries are searched for at every start.
            linkerSettings: [
                .unsafeFlags(
                    ["-Xlinker", "--no-export-dynamic"],
                    .when(platforms: [.linux], configuration: .release))
            ]),
        .executableTarget(
            name: "vdb-bench",
            dependencies: [
                "VectorIndex", "LexicalIndex", "AutoRegEmbed", "Encoder", "Training", "VectorMath",
                "FileFormat", "JSON", "RandomNumbers", argumentParser,
            ],
            path: "Benchmarks/vdb-bench", swiftSettings: swift),

        // No level: tests and the targets that only they use.

        // Workloads that the tests run for seconds and `make torture` for any time.
        .target(name: "CFaultVFS", dependencies: [sqlite], path: "Tests/CFaultVFS"),
        .target(
            name: "Torture",
            dependencies: [
                "VectorDatabase", "AutoRegEmbed", "FileFormat", "CFaultVFS", "TestSupport", grdb,
                sqlite,
            ],
            path: "Tests/Torture", swiftSettings: swift),
        .executableTarget(
            name: "vdb-torture", dependencies: ["Torture", "DefaultModel", argumentParser],
            path: "Tests/vdb-torture", swiftSettings: swift),

        // Tests mirror targets.
        .target(
            name: "TestSupport", dependencies: ["FileFormat", "RandomNumbers"],
            path: "Tests/TestSupport",
            resources: [.copy("Fixtures")], swiftSettings: swift),
        // A PostgreSQL server for a process of tests.
        .target(
            name: "PostgresTestSupport", dependencies: ["PostgresStore", "TestSupport"],
            path: "Tests/PostgresTestSupport", swiftSettings: swift),
        .target(
            name: "TestOracles",
            dependencies: ["VectorDatabase", "DocumentStore", "Storage", "TestSupport", grdb],
            path: "Tests/TestOracles", swiftSettings: swift),
        // Parsers of untrusted bytes, for libFuzzer and for the tests that replay its findings.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "VectorDatabase", "DocumentStore", "VectorIndex", "LexicalIndex", "AutoRegEmbed",
                "Transformer", "Tokenization", "Tensors", "FileFormat", "JSON", "Evaluation",
                "ModelContext", "ModelContextProtocol", "TestSupport", "TestOracles",
            ],
            path: "Fuzz/Targets", swiftSettings: swift),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"],
            resources: [.copy("Corpus")],
            swiftSettings: swift),
        .testTarget(
            name: "VectorMathTests",
            dependencies: ["VectorMath", "CVectorKernels", "RandomNumbers", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "FileFormatTests",
            dependencies: ["FileFormat", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "TextBytesTests", dependencies: ["TextBytes", "TestSupport"], swiftSettings: swift
        ),
        .testTarget(
            name: "JSONTests", dependencies: ["JSON", "TextBytes", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Tensors", "VectorMath", "FileFormat", "JSON", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "TokenizationTests",
            dependencies: ["Tokenization", "FileFormat", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "VectorIndexTests",
            dependencies: ["VectorIndex", "VectorMath", "FileFormat", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "LexicalIndexTests",
            dependencies: ["LexicalIndex", "FileFormat", "TestSupport", grdb],
            exclude: ["Fixtures"], swiftSettings: swift),
        .testTarget(
            name: "ModelHubTests", dependencies: ["ModelHub", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "TransformerTests",
            dependencies: ["Transformer", "Tensors", "VectorMath", "FileFormat", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "DocumentStoreTests",
            dependencies: [
                "DocumentStore", "Schema", "FileFormat", "TestOracles", "TestSupport", grdb,
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PostgresStoreTests",
            dependencies: [
                "PostgresStore", "DocumentStore", "LexicalIndex", "Schema", "Storage", "Ranking",
                "FileFormat", "JSON", "TextBytes", "TestOracles", "TestSupport",
                "PostgresTestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PostgresStorageTests",
            dependencies: [
                "PostgresStorage", "PostgresStore", "VectorDatabase", "Storage", "FileFormat",
                "RandomNumbers", "TestSupport", "PostgresTestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "AutoRegEmbedTests",
            dependencies: [
                "AutoRegEmbed", "Embedding", "Transformer", "Tokenization", "Tensors",
                "VectorMath", "TestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "EncoderTests",
            dependencies: [
                "Encoder", "AutoRegEmbed", "Embedding", "Transformer", "Tensors", "TestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "VectorDatabaseTests",
            dependencies: [
                "VectorDatabase", "PostgresStorage", "Embedding", "DocumentStore", "VectorIndex",
                "LexicalIndex", "FileFormat", "TextBytes", "Schema", "TestSupport", "TestOracles",
                "PostgresTestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "FaultTests", dependencies: ["Torture", "VectorDatabase", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "DefaultModelTests",
            dependencies: ["DefaultModel", "CDefaultModel", "AutoRegEmbed", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "ModelContextProtocolTests",
            dependencies: ["ModelContextProtocol", "FileFormat", "JSON", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ModelContextTests",
            dependencies: [
                "ModelContext", "ModelContextProtocol", "VectorDatabase", "PostgresStorage", "JSON",
                "TestSupport", "PostgresTestSupport",
            ],
            swiftSettings: swift),
        // The tiny model and its data, for the tests that train it.
        .target(
            name: "TrainingTestSupport", dependencies: ["Training", "TestSupport"],
            path: "Tests/TrainingTestSupport", swiftSettings: swift),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "AutoRegEmbed", "Transformer", "Tensors", "Tokenization",
                "FileFormat", "TestSupport", "TrainingTestSupport",
            ],
            exclude: ["Fixtures"], swiftSettings: swift),
        .testTarget(
            name: "TuningTests",
            dependencies: [
                "Tuning", "Training", "AutoRegEmbed", "Embedding", "VectorDatabase", "Evaluation",
                "FileFormat", "JSON", "RandomNumbers", "TestSupport", "TrainingTestSupport",
                "PostgresStorage", "PostgresTestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "VectorDatabase", "PostgresStorage", "Embedding", "AutoRegEmbed", "DefaultModel",
                "Encoder", "Training", "Tuning", "Evaluation", "TestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "vdb", "VectorDatabase", "PostgresStore", "DefaultModel", "Training", "TestSupport",
                "PostgresTestSupport", "Torture", "Tensors", "VectorMath",
            ],
            exclude: ["Clients", "Server"], swiftSettings: swift),
    ]
)

// The HTTP server and Hummingbird, on which it is built. Without the variable neither is fetched, so an
// application that embeds the library never sees them; `make` sets it wherever it builds the server. A
// trait would change the flags of every module, so that switching it compiles everything again.
if Context.environment["VDB_SERVER"] != nil {
    package.dependencies += [
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ]
    package.targets.append(
        // Level 7.
        .target(
            name: "HTTPServer",
            dependencies: [
                "VectorDatabase", "AutoRegEmbed", "Embedding", "ModelContextProtocol", "ModelHub",
                "FileFormat", "JSON", "TextBytes", "VectorMath",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("OpenAPI"), .embedInCode("Page")],
            swiftSettings: swift))
    // The command line once more, with the server; `vdb serve` becomes this program. Linked into vdb, the
    // server would make every start milliseconds slower: casts search all conformances of a program.
    // Sources/vdb-serve is a link to Sources/vdb.
    for target in package.targets where target.name == "vdb" {
        package.targets.append(
            // Level 8.
            .executableTarget(
                name: "vdb-serve", dependencies: target.dependencies + ["HTTPServer"],
                swiftSettings: swift + [.define("SERVER")]))
    }
    package.products.append(.executable(name: "vdb-serve", targets: ["vdb-serve"]))
    // No level: tests.
    package.targets.append(
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "HTTPServer", "ModelContextProtocol", "VectorDatabase", "JSON", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swift))
    for target in package.targets where target.name == "EndToEndTests" {
        target.exclude.removeAll { $0 == "Server" }
    }
}

// The libFuzzer program builds only with its sanitizer: `make fuzz`.
if Context.environment["VDB_FUZZ"] != nil {
    package.products.append(.executable(name: "vdb-fuzz", targets: ["vdb-fuzz"]))
    package.targets.append(
        .executableTarget(
            name: "vdb-fuzz", dependencies: ["FuzzTargets"], path: "Fuzz/Driver",
            swiftSettings: swift))
}

// DocC's plugin, fetched only to build the documentation: `make docs`.
if Context.environment["VDB_DOCS"] != nil {
    package.dependencies.append(
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

// The thread sanitizer's build: only code that shares memory between threads, and its tests. `make tsan`.
if Context.environment["VDB_TSAN"] != nil {
    let tests = ["VectorIndexTests", "VectorDatabaseTests", "FaultTests"]
    let others = [
        "CDefaultModel", "DefaultModel", "Encoder", "Training", "Tuning", "FuzzTargets",
        "TrainingTestSupport",
    ]
    package.products = []
    package.targets.removeAll {
        $0.type == .executable || others.contains($0.name)
            || $0.type == .test && !tests.contains($0.name)
    }
    package.targets.append(.target(name: "CSwiftMutex", path: "Tests/CSwiftMutex"))
    for target in package.targets where tests.contains(target.name) {
        target.dependencies.append("CSwiftMutex")
    }
}
