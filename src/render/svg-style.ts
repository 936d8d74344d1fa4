import { paletteCss } from './palette.js';

/** Labels are fitted by counting characters, so the font is monospace: 0.602 em per character in nearly all of them. */
export const LABEL_FONT_PX = 11;
export const LABEL_COLUMN_PX = LABEL_FONT_PX * 0.605;

const MONOSPACE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace';
const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif';

/** The style sheet of the SVG; colours that depend on the theme are in `theme`. */
export function svgCss(): string {
  return `
svg{font:12px ${SANS};background:#fff;outline:none}
text{fill:#5b606b;white-space:pre}
.frame,.root{cursor:pointer}
.frame rect,.root rect{rx:1.5px}
.frame text,.root text{font:${LABEL_FONT_PX}px ${MONOSPACE};fill:#15171c;pointer-events:none}
.frame:hover rect,.root:hover rect{stroke:#15171c}
.frame:focus,.root:focus{outline:none}
.frame:focus rect,.root:focus rect{stroke:#15171c;stroke-width:2}
.past rect{fill-opacity:.45}
.past text{opacity:.7}
.searching .frame:not(.match):not(:hover) rect{fill-opacity:.4}
.match rect{fill:#d4267d}
.frame.match text{fill:#fff}
.root rect{fill:#e4e6ea}
.bar{fill:#fff}
.title{font-size:16px;font-weight:600;fill:#15171c}
.warning{fill:#8a4b00;font-weight:600}
.alert{fill:#fff1d6;stroke:#f0b34a}
.status{font:${LABEL_FONT_PX}px ${MONOSPACE};fill:#15171c}
.hatch{stroke:#8d939f;stroke-width:1.5}
.control{font:12px ${SANS};display:flex;gap:6px;justify-content:flex-end;align-items:center;color:#5b606b}
.control input,.control button{font:inherit;height:26px;box-sizing:border-box;padding:2px 9px;border:1px solid #c3c7cf;border-radius:5px;background:#fff;color:#15171c}
.control input{width:230px}
.control output{white-space:nowrap}
.control button{white-space:nowrap;flex:none}
.control button:disabled{opacity:.45}
${paletteCss('light')}
@media(prefers-color-scheme:dark){
svg{background:#16181d}
text{fill:#a3a9b6}
.title,.status{fill:#eceef2}
.bar{fill:#16181d}
.frame:hover rect,.frame:focus rect,.root:hover rect,.root:focus rect{stroke:#fff}
.root rect{fill:#3a3e48}
.root text{fill:#eceef2}
.match rect{fill:#e83e94}
.warning{fill:#ffc765}
.alert{fill:#3a2c10;stroke:#8a6420}
.control{color:#a3a9b6}
.control input,.control button{background:#23262d;color:#eceef2;border-color:#454a55}
${paletteCss('dark')}
}
`;
}
