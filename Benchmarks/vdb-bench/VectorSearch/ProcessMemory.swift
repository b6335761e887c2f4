import Foundation

/// Memory and processor time of this process.
enum ProcessMemory {
    static var residentBytes: Int { status("VmRSS:") }

    /// Peak resident memory.
    static var peakBytes: Int { status("VmHWM:") }

    private static func status(_ key: String) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
            return 0
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return
            (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0)
            * 1024
    }

    /// Processor time of all threads so far.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Wall-clock and processor time, added up over the measured stretches.
struct Stopwatch {
    private(set) var seconds = 0.0
    private(set) var processorSeconds = 0.0

    mutating func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let clock = ContinuousClock.now
        let processor = ProcessMemory.processorSeconds
        let result = try body()
        seconds += (ContinuousClock.now - clock) / .seconds(1)
        processorSeconds += ProcessMemory.processorSeconds - processor
        return result
    }
}
