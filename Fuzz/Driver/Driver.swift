import Foundation
import FuzzTargets
import Synchronization

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

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let done = DispatchSemaphore(value: 0)
    let failure = Mutex<(any Error)?>(nil)
    Task {
        do { try await target.run(input) } catch { failure.withLock { $0 = error } }
        done.signal()
    }
    done.wait()
    if let error = failure.withLock({ $0 }) {
        FileHandle.standardError.write(Data("failure: \(error)\n".utf8))
        abort()
    }
    return 0
}
