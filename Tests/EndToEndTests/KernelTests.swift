import Foundation
import Tensors
import Testing
import VectorMath

/// Which kernels compute, as the program says it and as it is told.
struct KernelTests {
    private let vdb = Program()

    private static let tiny = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "TrainingTests/Fixtures/tiny").path

    @Test(arguments: KernelLevel.available)
    func theVersionNamesTheKernels(_ level: KernelLevel) throws {
        let short = try vdb.run("--version")
        #expect(short.lines.count == 1)
        let forced = try vdb.run(
            "--version", "--verbose", environment: ["VDB_KERNELS": level.name])
        #expect(forced.status == 0)
        #expect(forced.lines.first == short.lines.first)
        #expect(forced.output.contains("kernels: \(level.name)"))
        #expect(forced.output.contains("forced by VDB_KERNELS"))
        let free = try vdb.run("--verbose", "--version", environment: ["VDB_KERNELS": ""])
        #expect(free.output.contains("kernels: \(KernelLevel.available.last?.name ?? "")"))
        #expect(!free.output.contains("VDB_KERNELS"))
    }

    @Test func unknownKernelsAreRefused() throws {
        for command in [["--version"], ["list"], ["--help"]] {
            let result = try vdb.run(command, environment: ["VDB_KERNELS": "sse9"])
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(result.errorLines.count == 1)
            #expect(result.errors.contains("VDB_KERNELS=sse9: unknown"))
        }
    }

    @Test(arguments: KernelLevel.allCases.filter { !$0.isSupported })
    func kernelsThatTheProcessorLacksAreRefused(_ level: KernelLevel) throws {
        let result = try vdb.run(["list"], environment: ["VDB_KERNELS": level.name])
        #expect(result.status == 64)
        #expect(result.errors.contains("this processor lacks the instructions"))
    }

    @Test(.enabled(if: MatrixLibrary.openBLAS != nil, "OpenBLAS is not installed"))
    func trainingSaysWhichKernelsItRunsAndWhoForcedThem() throws {
        try vdb.write("texts.jsonl", #"{"text":"the wing of a plane lifts it"}"#)
        func train(_ core: String?) throws -> Program.Result {
            try vdb.run(
                [
                    "train", "pretrain", "--model", Self.tiny, "--data", "texts.jsonl", "--out",
                    core ?? "own", "--max-steps", "1", "--log", "log.jsonl",
                ], environment: ["OPENBLAS_CORETYPE": core ?? ""])
        }
        let own = try train(nil)
        #expect(own.status == 0)
        #expect(own.errorLines.first?.hasPrefix("kernels ") == true)
        #expect(!own.errors.contains("OPENBLAS_CORETYPE"))
        // One object a step: the header is for people.
        let log = try String(contentsOfFile: vdb.path("log.jsonl"), encoding: .utf8)
        #expect(log.split(separator: "\n").count == 1)
        #expect(Program.object(log)["step"] as? Int == 1)
        #if arch(x86_64)
            let forced = try train("Prescott")
            #expect(forced.status == 0)
            #expect(forced.errors.contains("Prescott kernels (OPENBLAS_CORETYPE is set)"))
            let warns = forced.errors.contains("warning: OpenBLAS uses its Prescott kernels")
            #expect(warns == KernelLevel.avx2.isSupported)
        #endif
    }
}
