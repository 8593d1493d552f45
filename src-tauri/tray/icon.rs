//! Which icon shows a state.

use desktop::view::{AppState, Switch};
use tauri::{image::Image, include_image};

/// What the icon says. Each has a form of its own, so that it needs no colour to be told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Off,
    Starting,
    On,
    Busy,
    Trouble,
}

/// What the icon is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS colours the icon itself"))]
    Light,
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS colours the icon itself"))]
    Dark,
    /// The menu bar of macOS, which takes only the shape and colours it.
    Template,
}

impl Sign {
    pub(crate) fn of(state: &AppState) -> Self {
        match (&state.trouble, state.switch) {
            (Some(_), _) => Self::Trouble,
            (None, Switch::Off) => Self::Off,
            (None, Switch::Starting) => Self::Starting,
            (None, Switch::On) if state.running > 0 => Self::Busy,
            (None, Switch::On) => Self::On,
        }
    }

    pub(crate) fn image(self, panel: Panel) -> Image<'static> {
        match (panel, self) {
            (Panel::Light, Self::Off) => include_image!("icons/tray/on-light/off.png"),
            (Panel::Light, Self::Starting) => include_image!("icons/tray/on-light/starting.png"),
            (Panel::Light, Self::On) => include_image!("icons/tray/on-light/on.png"),
            (Panel::Light, Self::Busy) => include_image!("icons/tray/on-light/busy.png"),
            (Panel::Light, Self::Trouble) => include_image!("icons/tray/on-light/trouble.png"),
            (Panel::Dark, Self::Off) => include_image!("icons/tray/on-dark/off.png"),
            (Panel::Dark, Self::Starting) => include_image!("icons/tray/on-dark/starting.png"),
            (Panel::Dark, Self::On) => include_image!("icons/tray/on-dark/on.png"),
            (Panel::Dark, Self::Busy) => include_image!("icons/tray/on-dark/busy.png"),
            (Panel::Dark, Self::Trouble) => include_image!("icons/tray/on-dark/trouble.png"),
            (Panel::Template, Self::Off) => include_image!("icons/tray/template/off.png"),
            (Panel::Template, Self::Starting) => include_image!("icons/tray/template/starting.png"),
            (Panel::Template, Self::On) => include_image!("icons/tray/template/on.png"),
            (Panel::Template, Self::Busy) => include_image!("icons/tray/template/busy.png"),
            (Panel::Template, Self::Trouble) => include_image!("icons/tray/template/trouble.png"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNS: [Sign; 5] = [Sign::Off, Sign::Starting, Sign::On, Sign::Busy, Sign::Trouble];

    /// Panels of GNOME, KDE, Xfce, Cinnamon and MATE in their own themes, as far as they are light and dark.
    const LIGHT: [u32; 4] = [0x00ff_ffff, 0x00f6_f5f4, 0x00ef_f0f1, 0x00e8_e8e8];
    const DARK: [u32; 5] = [0, 0x001d_1d1d, 0x002a_2e32, 0x0031_363b, 0x003c_3c3c];

    /// What a picture must have against its ground to be made out.
    const LEAST_CONTRAST: f64 = 3.0;

    type Colour = [f64; 3];

    fn colour(hex: u32) -> Colour {
        [16, 8, 0].map(|shift| f64::from((hex >> shift) & 0xff) / 255.0)
    }

    /// How bright it is to the eye, from 0 to 1.
    fn luminance(colour: Colour) -> f64 {
        let linear =
            |part: f64| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        let [red, green, blue] = colour.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    /// Colour and opacity of each pixel that belongs to the drawing, and not to its soft edge.
    fn drawn(image: &Image<'_>) -> Vec<(Colour, f64)> {
        let most = image.rgba().chunks(4).map(|pixel| pixel[3]).max().unwrap();
        let inner = image.rgba().chunks(4).filter(|pixel| f64::from(pixel[3]) >= 0.9 * f64::from(most));
        let parts = inner.map(|pixel| [0, 1, 2, 3].map(|part| f64::from(pixel[part]) / 255.0));
        parts.map(|[red, green, blue, alpha]| ([red, green, blue], alpha)).collect()
    }

    /// The contrast that all but the poorest twentieth of a drawing has on a panel.
    fn contrast_on(panel: u32, image: &Image<'_>) -> f64 {
        let panel = colour(panel);
        let over = |(colour, alpha): (Colour, f64)| {
            let mixed = [0, 1, 2].map(|part| colour[part] * alpha + panel[part] * (1.0 - alpha));
            contrast(mixed, panel)
        };
        let mut contrasts: Vec<_> = drawn(image).into_iter().map(over).collect();
        contrasts.sort_by(f64::total_cmp);
        contrasts[contrasts.len() / 20]
    }

    #[test]
    fn every_sign_can_be_made_out_on_every_panel() {
        for (panels, kind) in [(&LIGHT[..], Panel::Light), (&DARK[..], Panel::Dark)] {
            for sign in SIGNS {
                let image = sign.image(kind);
                assert!(drawn(&image).len() > 100, "{sign:?} is hardly anything");
                for panel in panels {
                    let contrast = contrast_on(*panel, &image);
                    assert!(contrast >= LEAST_CONTRAST, "{sign:?} on {panel:06x}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn the_menu_bar_of_macos_gets_a_shape_and_no_colour() {
        for sign in SIGNS {
            let image = sign.image(Panel::Template);
            assert!(image.rgba().chunks(4).all(|pixel| pixel[..3] == [0, 0, 0]), "{sign:?}");
        }
    }

    #[test]
    fn each_sign_has_a_form_of_its_own() {
        let shape = |sign: Sign| -> Vec<bool> {
            sign.image(Panel::Template).rgba().chunks(4).map(|pixel| pixel[3] > 64).collect()
        };
        for (at, one) in SIGNS.into_iter().enumerate() {
            for other in &SIGNS[at + 1..] {
                let differing =
                    shape(one).iter().zip(shape(*other)).filter(|(one, other)| **one != *other).count();
                assert!(differing > 100, "{one:?} and {other:?} differ in {differing} pixels only");
            }
        }
    }
}
