//! An SVG document in the making. Everything that comes from outside goes through [`escaped`].

use std::fmt::Write;

/// Fonts, colours and strokes of the whole picture.
const STYLE: &str = "\
text{font-family:Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif;font-size:12px;fill:#1f2937}\
.title{font-size:22px;font-weight:600}\
.head{font-size:14px;font-weight:600}\
.soft{fill:#6b7280}\
.tiny{font-size:11px}\
.end{text-anchor:end}\
.mid{text-anchor:middle}\
.panel{fill:#f8fafc;stroke:#e2e8f0}\
.grid{stroke:#e2e8f0}\
.base{stroke:#cbd5e1}\
.caller{stroke:#0d9488}\
.agent{stroke:#4f46e5}\
.wave{fill:none;stroke-width:1.3}\
.span-caller{fill:#ccfbf1}\
.span-agent{fill:#e0e7ff}\
.say-caller{fill:#0f766e}\
.say-agent{fill:#4338ca}\
.lost{fill:#9ca3af;text-decoration:line-through}\
.minor{stroke:#94a3b8;stroke-width:1}\
.mark{stroke-width:1.5;stroke-dasharray:3 2}\
.label{font-size:11px}\
.name{font-weight:600}";

/// Shapes and texts, in the order of drawing.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    body: String,
}

impl Drawing {
    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4], more: &str) {
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"{more}/>\n",
            width.max(0.5)
        ));
    }

    /// A rectangle that explains itself when pointed at.
    pub(super) fn told_rect(&mut self, fill: &str, at: [f64; 4], title: &str) {
        let [x, y, width, height] = at;
        self.put(format_args!(
            "<rect fill=\"{fill}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"2\"><title>{}</title></rect>\n",
            width.max(0.5),
            escaped(title)
        ));
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>\n",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A vertical mark that explains itself when pointed at.
    pub(super) fn mark(&mut self, mark: &Mark<'_>) {
        let Mark {
            class,
            colour,
            x,
            top,
            bottom,
            title,
        } = mark;
        self.put(format_args!(
            "<g><title>{}</title><line class=\"{class}\" stroke=\"{colour}\" x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/></g>\n",
            escaped(title)
        ));
    }

    pub(super) fn path(&mut self, class: &str, data: &str) {
        if !data.is_empty() {
            self.put(format_args!("<path class=\"{class}\" d=\"{data}\"/>\n"));
        }
    }

    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
            escaped(text)
        ));
    }

    /// Pieces of text in a row, each with its class and colour (empty for the class's own); the
    /// whole explains itself when pointed at.
    pub(super) fn pieces(&mut self, at: (f64, f64), pieces: &[(&str, &str, &str)], title: &str) {
        self.put(format_args!(
            "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">",
            at.0, at.1
        ));
        for (class, colour, text) in pieces {
            let fill = if colour.is_empty() {
                String::new()
            } else {
                format!(" style=\"fill:{colour}\"")
            };
            self.put(format_args!(
                "<tspan class=\"{class}\"{fill} xml:space=\"preserve\">{}</tspan>",
                escaped(text)
            ));
        }
        self.put(format_args!("<title>{}</title></text>\n", escaped(title)));
    }

    pub(super) fn finish(self, width: f64, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
             <style>{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        self.body.write_fmt(arguments).ok();
    }
}

/// A vertical mark.
#[derive(Debug)]
pub(super) struct Mark<'m> {
    pub(super) class: &'m str,
    pub(super) colour: &'m str,
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) title: &'m str,
}

/// `text` as XML text: markup escaped, characters that XML forbids left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            '\u{FFFE}' | '\u{FFFF}' => {}
            letter if letter.is_control() => {}
            letter => safe.push(letter),
        }
    }
    safe
}
