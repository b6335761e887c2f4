// swift-tools-version: 6.2

import PackageDescription

// An application that uses the library as any other would: from outside, by its products.
let package = Package(
    name: "Notes",
    dependencies: [.package(name: "vdb", path: "../..")],
    targets: [
        .executableTarget(
            name: "notes",
            dependencies: [
                .product(name: "VectorDatabase", package: "vdb"),
                .product(name: "DefaultModel", package: "vdb"),
            ],
            path: "Sources")
    ]
)
