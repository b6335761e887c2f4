import Foundation
import FuzzTargets

// Linked with libFuzzer, which brings main() and calls what follows. VDB_FUZZ_TARGET names the target.

private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["VDB_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
        FileHandle.standardError.write(Data("VDB_FUZZ_TARGET is one of: \(names)\n".utf8))
        exit(64)
    }
    return target
}()

private let thread = CallingThread()
nonisolated(unsafe) private var inputs = 0

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    run(input)
    inputs += 1
    if inputs.isMultiple(of: 64) { checkLeaks(input) }
    return 0
}

private func run(_ input: [UInt8]) {
    do { try thread.run { try await target.run(input) } } catch { fail("\(error)") }
}

private func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("failure: \(message)\n".utf8))
    abort()
}

// MARK: Leaks

/// Of the address sanitizer: what is allocated and not freed.
@_silgen_name("__sanitizer_get_current_allocated_bytes") private func allocatedBytes() -> Int

/// Swift keeps some references in a form that the leak sanitizer cannot see. So this runs an input
/// again and again: what takes more memory, or leaves another file open, at each of these runs leaks.
private func checkLeaks(_ input: [UInt8]) {
    func openFiles() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
    // What is made once is made by now; another table that grows by doubling does not each time.
    var bytes = allocatedBytes()
    let files = openFiles()
    let first = bytes
    for _ in 0..<6 {
        run(input)
        let now = allocatedBytes()
        if now <= bytes { return requireSame(files, openFiles()) }
        bytes = now
    }
    fail("each of six runs kept memory, \(bytes - first) bytes together")
}

private func requireSame(_ before: Int, _ after: Int) {
    if after > before { fail("\(after) files are open where \(before) were") }
}
