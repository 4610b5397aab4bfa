import { mountPage } from '../shared/shell';
import { CheckPage } from './page';

mountPage('check', <CheckPage />);
