import Foundation
import Training

/// The losses of all stages as an SVG, with a panel and a color for each, since the stages' losses
/// are not comparable.
struct LossChart {
    let curves: [LossCurve]

    private static let panel = (width: 320.0, height: 260.0)
    /// Margins for the title, the axes at the bottom and left, and between panels.
    private static let margin = (top: 38.0, bottom: 46.0, left: 56.0, right: 14.0)

    var svg: String {
        let width = Int(Self.panel.width) * max(1, curves.count)
        let height = Int(Self.panel.height)
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
            width="\(width)" height="\(height)" role="img" \
            font-family="system-ui, sans-serif" font-size="12" fill="#333">
            <title>Training loss of each stage</title>
            <rect width="\(width)" height="\(height)" fill="#fff"/>
            """
        ]
        for (place, curve) in curves.enumerated() {
            parts.append(
                "<g transform=\"translate(\(Int(Self.panel.width) * place) 0)\">"
                    + Panel(curve: curve).svg + "</g>")
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    /// One stage's axes and lines.
    private struct Panel {
        let curve: LossCurve
        private let steps: ClosedRange<Double>
        private let losses: ClosedRange<Double>
        private let marks: [Double]

        init(curve: LossCurve) {
            self.curve = curve
            let values = curve.points.map(\.loss)
            let (low, high) = (values.min() ?? 0, values.max() ?? 1)
            marks = Ticks.nice(low, high == low ? low + 1 : high, count: 5)
            losses = (marks.first ?? 0)...(marks.last ?? 1)
            let last = Double(curve.points.last?.step ?? 1)
            steps = Double(curve.points.first?.step ?? 0)...max(last, 2)
        }

        private func x(_ step: Double) -> Double {
            let room = LossChart.panel.width - LossChart.margin.left - LossChart.margin.right
            return LossChart.margin.left
                + (step - steps.lowerBound) / (steps.upperBound - steps.lowerBound) * room
        }

        private func y(_ loss: Double) -> Double {
            let room = LossChart.panel.height - LossChart.margin.top - LossChart.margin.bottom
            return LossChart.panel.height - LossChart.margin.bottom
                - (loss - losses.lowerBound) / (losses.upperBound - losses.lowerBound) * room
        }

        var svg: String { (axes + lines + [title]).joined(separator: "\n") }

        private var title: String {
            let ends =
                curve.points.first.flatMap { first in
                    curve.smoothed.last.map {
                        ": \(Self.short(first.loss)) to \(Self.short($0.loss))"
                    }
                } ?? ""
            return text(
                curve.stage.rawValue + ends, x: LossChart.margin.left, y: 22, anchor: "start",
                attributes: "font-weight=\"600\" fill=\"\(color)\"")
        }

        private var axes: [String] {
            let (left, right) = (
                LossChart.margin.left, LossChart.panel.width - LossChart.margin.right
            )
            let bottom = LossChart.panel.height - LossChart.margin.bottom
            var parts: [String] = []
            for mark in marks {
                let at = Self.place(y(mark))
                parts.append(
                    "<path d=\"M\(Self.place(left)) \(at)H\(Self.place(right))\" stroke=\"#e4e4e4\"/>"
                )
                parts.append(
                    text(
                        Ticks.label(mark, step: step(marks)), x: left - 7, y: y(mark) + 4,
                        anchor: "end"))
            }
            let stepMarks = Ticks.nice(steps.lowerBound, steps.upperBound, count: 4).filter {
                steps.contains($0) && $0 == $0.rounded()
            }
            for mark in stepMarks {
                parts.append(
                    "<path d=\"M\(Self.place(x(mark))) \(Self.place(bottom))v4\" stroke=\"#888\"/>")
                parts.append(text("\(Int(mark))", x: x(mark), y: bottom + 17, anchor: "middle"))
            }
            parts.append(
                "<path d=\"M\(Self.place(left)) \(Self.place(bottom))H\(Self.place(right))\" "
                    + "stroke=\"#888\"/>")
            parts.append(text("step", x: (left + right) / 2, y: bottom + 36, anchor: "middle"))
            let middle = (LossChart.margin.top + bottom) / 2
            parts.append(
                "<text transform=\"translate(14 \(Self.place(middle))) rotate(-90)\" "
                    + "text-anchor=\"middle\">loss</text>")
            return parts
        }

        private func step(_ marks: [Double]) -> Double {
            marks.count > 1 ? marks[1] - marks[0] : 1
        }

        private var lines: [String] {
            let smoothed = LossCurve(stage: curve.stage, points: curve.smoothed)
            return [
                line(curve.thinned(to: 400), width: 1, opacity: 0.35),
                line(smoothed.thinned(to: 200), width: 2, opacity: 1),
            ]
        }

        private func line(_ points: [LossCurve.Point], width: Int, opacity: Double) -> String {
            let path = points.map { "\(Self.place(x(Double($0.step)))),\(Self.place(y($0.loss)))" }
            return "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" "
                + "stroke=\"\(color)\" stroke-width=\"\(width)\" stroke-opacity=\"\(opacity)\" "
                + "stroke-linejoin=\"round\"/>"
        }

        private func text(
            _ text: String, x: Double, y: Double, anchor: String, attributes: String = ""
        ) -> String {
            "<text x=\"\(Self.place(x))\" y=\"\(Self.place(y))\" text-anchor=\"\(anchor)\""
                + (attributes.isEmpty ? "" : " " + attributes) + ">\(text)</text>"
        }

        /// Okabe and Ito's colors, which are distinguishable with color blindness.
        private var color: String {
            switch curve.stage {
            case .pretrain: "#555555"
            case .compress: "#0072B2"
            case .align: "#D55E00"
            case .contrast: "#007F5F"
            case .respond: "#CC79A7"
            }
        }

        private static func place(_ value: Double) -> String { String(format: "%.1f", value) }
        private static func short(_ value: Double) -> String { String(format: "%.3g", value) }
    }
}

/// Round numbers along an axis (Heckbert 1990, "Nice numbers for graph labels").
enum Ticks {
    /// From at or below `low` to at or above `high`, about `count` of them.
    static func nice(_ low: Double, _ high: Double, count: Int) -> [Double] {
        guard low.isFinite, high.isFinite, high > low else { return [low] }
        let rough = (high - low) / Double(max(1, count - 1))
        let power = pow(10, log10(rough).rounded(.down))
        let step = ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
        let first = Int((low / step).rounded(.down))
        let last = Int((high / step).rounded(.up))
        return (first...last).map { Double($0) * step }
    }

    /// The value with as many digits as distinguish adjacent marks.
    static func label(_ value: Double, step: Double) -> String {
        let digits = max(0, Int((-log10(step)).rounded(.up)))
        return String(format: "%.\(min(digits, 6))f", value)
    }
}

extension LossCurve {
    /// Averages consecutive points, so that at most `count` remain.
    func thinned(to count: Int) -> [Point] {
        guard points.count > count else { return points }
        return (0..<count).map { part in
            let slice = points[part * points.count / count..<(part + 1) * points.count / count]
            let mean = slice.reduce(0) { $0 + $1.loss } / Double(slice.count)
            return Point(step: slice[slice.startIndex + slice.count / 2].step, loss: mean)
        }
    }

    /// The running mean over a tenth of the steps, which shows the trend.
    var smoothed: [Point] {
        let reach = max(1, points.count / 20)
        return points.indices.map { place in
            let slice = points[max(0, place - reach)...min(points.count - 1, place + reach)]
            return Point(
                step: points[place].step,
                loss: slice.reduce(0) { $0 + $1.loss } / Double(slice.count))
        }
    }
}
