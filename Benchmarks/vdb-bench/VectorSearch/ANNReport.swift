import ArgumentParser
import Foundation
import VectorIndex

extension VectorQuantization: ExpressibleByArgument {}
extension Metric: ExpressibleByArgument {}

/// The figures that the command prints.
struct ANNReport: Encodable {
    var buildSeconds = 0.0
    var buildCpuSeconds = 0.0
    var saveSeconds = 0.0
    /// Peak memory of the process when the index was saved; 0 if it was not built.
    var buildPeakBytes = 0
    var indexBytes = 0
    var residentBytes = 0
    var loadSeconds = 0.0
    var exactMs: Double?
    var points: [Point] = []

    enum CodingKeys: String, CodingKey {
        case points
        case buildSeconds = "build_seconds"
        case buildCpuSeconds = "build_cpu_seconds"
        case saveSeconds = "save_seconds"
        case buildPeakBytes = "build_peak_bytes"
        case indexBytes = "index_bytes"
        case residentBytes = "resident_bytes"
        case loadSeconds = "load_seconds"
        case exactMs = "exact_ms"
    }

    struct Point: Encodable {
        var ef: Int
        var recall: Double
        var qps: Double
        var p50Us: Double
        var p99Us: Double
        var maxUs: Double
        var cpuUs: Double
        /// Means over the queries.
        var distances: Double
        var hops: Double

        enum CodingKeys: String, CodingKey {
            case ef, recall, qps, distances, hops
            case p50Us = "p50_us"
            case p99Us = "p99_us"
            case maxUs = "max_us"
            case cpuUs = "cpu_us"
        }
    }

    var table: String {
        var lines = [
            String(
                format: "build %.1f s (processor %.1f s, peak %.0f MB), saved in %.1f s",
                buildSeconds, buildCpuSeconds, Double(buildPeakBytes) / 1e6, saveSeconds),
            String(
                format: "index %.1f MB, opened in %.2f ms, resident %.1f MB",
                Double(indexBytes) / 1e6, loadSeconds * 1e3, Double(residentBytes) / 1e6),
            "  ef  recall      qps  p50 us  p99 us  cpu us  distances   hops",
        ]
        for point in points {
            lines.append(
                String(
                    format: "%4d  %.4f %8.0f %7.1f %7.1f %7.1f %10.1f %6.1f", point.ef,
                    point.recall, point.qps, point.p50Us, point.p99Us, point.cpuUs,
                    point.distances, point.hops))
        }
        if let exactMs { lines.append(String(format: "exact scan %.2f ms", exactMs)) }
        return lines.joined(separator: "\n")
    }
}
